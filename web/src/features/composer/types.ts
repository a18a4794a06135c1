import type { ChatId, Message, UserId } from "@/lib/types";

export interface ComposerProps {
  readonly chatId: ChatId;
  readonly me: UserId;
  readonly replyTo: Message | null;
  readonly editing: Message | null;
  /** The reply or the edit was sent or cancelled. */
  readonly onDone: () => void;
  readonly onEditLast: () => void;
}
