/** What the client shows, in its own words: no protobuf here. Times are milliseconds since 1970. */

export type UserId = string;
export type ChatId = string;
export type MessageId = string;

export interface User {
  readonly userId: UserId;
  readonly username: string;
  readonly bio: string;
  readonly avatarMediaId: string | null;
  /** Path at this origin, or null without a picture. */
  readonly avatarUrl: string | null;
  /** The account is gone: only the id is known. */
  readonly deleted: boolean;
  /** Only in one's own profile. */
  readonly email: string | null;
  readonly createdAt: number | null;
}

export interface CustomStatus {
  readonly text: string;
  readonly emoji: string;
  readonly expiresAt: number | null;
}

export interface Presence {
  readonly userId: UserId;
  readonly online: boolean;
  readonly lastSeenAt: number | null;
  readonly status: CustomStatus | null;
  readonly version: number;
}

/** null: one of the two in a 1:1 chat. */
export type Role = "member" | "admin" | "owner" | null;

export interface Member {
  readonly userId: UserId;
  readonly role: Role;
  readonly readMessageId: MessageId | null;
}

export interface Chat {
  readonly chatId: ChatId;
  readonly kind: "direct" | "group";
  /** A group's name; empty in a 1:1 chat, which is shown by its peer's name. */
  readonly title: string;
  readonly description: string;
  readonly avatarUrl: string | null;
  readonly members: readonly Member[];
  /** The other one of a 1:1 chat. */
  readonly peerId: UserId | null;
  readonly lastMessage: Message | null;
  readonly unreadCount: number;
  readonly lastActivityAt: number;
}

export interface Attachment {
  readonly mediaId: string;
  readonly contentType: string;
  readonly fileName: string;
  readonly sizeBytes: number;
  /** 0 unless it is an image; known before the bytes are, so that the layout does not jump. */
  readonly width: number;
  readonly height: number;
  /** Path of the bytes at this origin, or a `blob:` URL of a message that is still being sent. */
  readonly url: string;
  /** Path of the small WebP, or null. */
  readonly thumbnailUrl: string | null;
}

export interface Reaction {
  readonly userId: UserId;
  readonly emoji: string;
  readonly createdAt: number;
}

export type MessageState = "sending" | "sent" | "failed";

export interface Message {
  /** The same from the first optimistic copy on: use it as the React key. */
  readonly key: string;
  /** Empty while it is being sent. */
  readonly messageId: MessageId;
  readonly clientMessageId: string;
  readonly chatId: ChatId;
  readonly senderId: UserId;
  readonly text: string;
  readonly replyToMessageId: MessageId | null;
  readonly attachments: readonly Attachment[];
  /** In the order in which they came. */
  readonly reactions: readonly Reaction[];
  readonly createdAt: number;
  readonly editedAt: number | null;
  readonly deletedForEveryone: boolean;
  readonly state: MessageState;
  /** Why it failed, as a reason of ErrorReason without prefix; null unless `failed`. */
  readonly failure: string | null;
}

export interface MessageList {
  /** Oldest first, the ones being sent at the end. */
  readonly messages: readonly Message[];
  /** `cached`: from the last visit, not yet confirmed by the server. */
  readonly status: "empty" | "cached" | "ready" | "failed";
  readonly hasOlder: boolean;
  readonly loadingOlder: boolean;
  /** The newest messages are not among them: somebody jumped to an older one. */
  readonly hasNewer: boolean;
  readonly loadingNewer: boolean;
  /** Another number: another part of the chat is shown than before. */
  readonly part: number;
}

export interface ConnectionState {
  /** `waiting`: the connection is lost and will be tried again at `retryAt`. `offline`: the browser has no network. */
  readonly phase: "connecting" | "live" | "waiting" | "offline";
  readonly retryAt: number | null;
  /** When the connection was lost, to say so only after a moment; null while live. */
  readonly since: number | null;
}

export type SessionState =
  | {
      readonly phase: "signed-out";
      /** It ended by itself: expired, revoked, logged out elsewhere. */ readonly ended: boolean;
    }
  | { readonly phase: "signed-in"; readonly userId: UserId; readonly username: string };

export interface Upload {
  /** Local name, from `attach`. */
  readonly id: string;
  readonly chatId: ChatId;
  readonly fileName: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  readonly sentBytes: number;
  readonly state: "waiting" | "uploading" | "done" | "failed";
  /** `blob:` URL if it is an image. */
  readonly previewUrl: string | null;
  /** 0 unless it is an image that this browser can read. */
  readonly width: number;
  readonly height: number;
  readonly failure: ChatlyError | null;
}

export interface LoginSession {
  readonly sessionId: string;
  readonly deviceName: string;
  readonly ipAddress: string;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly current: boolean;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** For the next page; empty at the end. */
  readonly nextPageToken: string;
}

/** Every failed action rejects with one of these. Texts come from the message catalogues, by `reason`. */
export class ChatlyError extends Error {
  override readonly name = "ChatlyError";

  constructor(
    /** Of chatly.error.v1.ErrorReason without its prefix, for example `USERNAME_TAKEN`; `NETWORK` without an answer. */
    readonly reason: string,
    message: string,
    readonly details: {
      readonly metadata?: Readonly<Record<string, string>>;
      readonly fields?: readonly { readonly field: string; readonly description: string }[];
      /** The same call may succeed later. */
      readonly retryable?: boolean;
      readonly retryAfterMs?: number;
    } = {},
  ) {
    super(message);
  }
}
