/** What a subscription tells, in the client's own words. Plain data: it is also what one tab tells the others. */

import type { ChatId, Member, Message, MessageId, Role, UserId } from "@/lib/types";

export interface ChatDetails {
  readonly kind: "direct" | "group";
  readonly title: string;
  readonly description: string;
  readonly avatarUrl: string | null;
  /** Without read marks. */
  readonly members: readonly Member[];
}

export type ChangeBody =
  | { readonly kind: "message"; readonly message: Message }
  | { readonly kind: "edited"; readonly messageId: MessageId; readonly text: string; readonly editedAt: number }
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
  | { readonly kind: "member"; readonly userId: UserId; /** null: not a member any more. */ readonly role: Role }
  | { readonly kind: "typing"; readonly userId: UserId; readonly active: boolean };

export type Change = {
  /** Empty for what does not last. The same event may come twice. */
  readonly eventId: string;
  readonly chatId: ChatId;
  readonly at: number;
} & ChangeBody;

/** One answer of the stream. */
export interface LiveItem {
  readonly changes: readonly Change[];
  /** Where to go on, or empty. */
  readonly cursor: string;
  /** Everything missed has been told. */
  readonly caughtUp: boolean;
  /** What was missed cannot be told: list anew. */
  readonly resync: boolean;
  /** The server goes away: subscribe again after so long. */
  readonly reconnectMs: number | null;
}
