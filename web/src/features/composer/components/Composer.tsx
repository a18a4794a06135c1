import { memo } from "react";
import type { ChatId, Message, UserId } from "@/lib/types";
import { EditBox } from "./EditBox";
import { NewMessageBox } from "./NewMessageBox";

export interface ComposerProps {
  readonly chatId: ChatId;
  readonly me: UserId;
  readonly replyTo: Message | null;
  readonly editing: Message | null;
  /** The reply or the edit is over. */
  readonly onDone: () => void;
  readonly onEditLast: () => void;
}

/** Where messages are written. Mount one per chat (`key`). */
export const Composer = memo(function Composer({ chatId, me, replyTo, editing, onDone, onEditLast }: ComposerProps) {
  if (editing) return <EditBox key={editing.key} message={editing} onDone={onDone} />;
  return <NewMessageBox chatId={chatId} me={me} replyTo={replyTo} onDone={onDone} onEditLast={onEditLast} />;
});
