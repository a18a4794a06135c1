/** Changes that a subscription delivers, as plain data: tabs also send them to each other. */

import type { ChatId, Member, Message, MessageId, Role, UserId } from "@/lib/types";

export interface ChatDetails {
  readonly kind: "direct" | "group";
  readonly title: string;
  readonly description: string;
  readonly avatarUrl: string | null;
  /** Without read marks. */
  readonly members: readonly Member[];
  readonly historyShared: boolean;
}

export type ChangeBody =
  | { readonly kind: "message"; readonly message: Message }
  | {
      readonly kind: "edited";
      readonly messageId: MessageId;
      readonly text: string;
      readonly editedAt: number;
      readonly editId: string;
    }
  | {
      readonly kind: "deleted";
      readonly messageId: MessageId;
      readonly forEveryone: boolean;
      readonly withdrawn: boolean;
    }
  | {
      readonly kind: "reaction";
      readonly messageId: MessageId;
      readonly userId: UserId;
      readonly emoji: string;
      readonly present: boolean;
    }
  | { readonly kind: "read"; readonly userId: UserId; readonly messageId: MessageId }
  | { readonly kind: "chat"; readonly details: ChatDetails }
  | { readonly kind: "member"; readonly userId: UserId; /** null: no longer a member. */ readonly role: Role }
  | { readonly kind: "typing"; readonly userId: UserId; readonly active: boolean };

export type Change = {
  /** Empty for a change that is not stored. The same event may be delivered twice. */
  readonly eventId: string;
  readonly chatId: ChatId;
  readonly at: number;
} & ChangeBody;

/** One response of the stream. */
export interface LiveItem {
  readonly changes: readonly Change[];
  /** The position to resume from, or empty. */
  readonly cursor: string;
  /** Every missed event has been replayed. */
  readonly caughtUp: boolean;
  /** The missed events cannot be replayed: reload. */
  readonly resync: boolean;
  /** The server is shutting down: subscribe again after this time. */
  readonly reconnectMs: number | null;
}
