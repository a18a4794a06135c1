import type { Attachment, ChatId, Message, MessageId, UserId } from "@/lib/types";

/** A message to scroll to. Each jump is a new object, so jumping twice to one message works. */
export interface Jump {
  readonly messageId: MessageId;
}

/** The pictures of one message in the lightbox, and the one shown first. */
export interface LightboxPictures {
  readonly pictures: readonly Attachment[];
  readonly index: number;
}

export interface ConversationProps {
  readonly chatId: ChatId;
  readonly me: UserId;
  readonly name: string;
  readonly isGroup: boolean;
  readonly target: Jump | null;
  readonly onReply: (message: Message) => void;
  readonly onEdit: (message: Message) => void;
}

/** The actions of a message's menu and buttons. */
export interface MessageCommands {
  readonly reply: (message: Message) => void;
  readonly edit: (message: Message) => void;
  readonly react: (message: Message, emoji: string) => void;
  readonly copy: (message: Message) => void;
  readonly remove: (message: Message, scope: "me" | "everyone") => void;
  readonly retry: (message: Message) => void;
  readonly discard: (message: Message) => void;
}

/** Properties of every row in a message list. */
export interface RowContext {
  readonly me: UserId;
  readonly isGroup: boolean;
  /** The user just jumped to this message. */
  readonly found: boolean;
  readonly onOpen: (kind: "menu" | "emoji", target: EventTarget) => void;
  readonly onQuote: (messageId: MessageId) => void;
  readonly onShow: (pictures: LightboxPictures) => void;
  readonly commands: MessageCommands;
}
