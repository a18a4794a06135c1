/** The client's own types, without protobuf. Times are milliseconds since 1970. */

export type UserId = string;
export type ChatId = string;
export type MessageId = string;

export interface User {
  readonly userId: UserId;
  readonly username: string;
  readonly bio: string;
  readonly avatarMediaId: string | null;
  /** Path on this origin; null without a picture. */
  readonly avatarUrl: string | null;
  /** The account was deleted: only the id is left. */
  readonly deleted: boolean;
  /** Only set in the user's own profile. */
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

/** null in a 1:1 chat. */
export type Role = "member" | "admin" | "owner" | null;

export interface Member {
  readonly userId: UserId;
  readonly role: Role;
  readonly readMessageId: MessageId | null;
}

/** Messages of a group that the user may not see: after `after` (null: from the first one), up to `through`. */
export interface HiddenRange {
  readonly after: MessageId | null;
  readonly through: MessageId;
}

export interface Chat {
  readonly chatId: ChatId;
  readonly kind: "direct" | "group";
  /** A group's name; empty in a 1:1 chat, which shows the peer's name. */
  readonly title: string;
  readonly description: string;
  readonly avatarUrl: string | null;
  readonly members: readonly Member[];
  /** The other member of a 1:1 chat; null for a group. */
  readonly peerId: UserId | null;
  readonly lastMessage: Message | null;
  readonly unreadCount: number;
  /** Messages after it are unread: the read mark, or where the user joined. See `readingStart`, which is up to date. */
  readonly unreadAfterId: MessageId | null;
  readonly lastActivityAt: number;
  /** Whether new members see earlier messages; false in a 1:1 chat. */
  readonly historyShared: boolean;
  /** Oldest first. A chat kept on the device by an older version of the client has none. */
  readonly hiddenRanges?: readonly HiddenRange[];
}

export interface Attachment {
  readonly mediaId: string;
  readonly contentType: string;
  readonly fileName: string;
  readonly sizeBytes: number;
  /** 0 unless it is an image. The layout uses it before the picture is loaded. */
  readonly width: number;
  readonly height: number;
  /** Path of the file on this origin, or a `blob:` URL while the message is being sent. */
  readonly url: string;
  /** Path of the WebP thumbnail, or null. */
  readonly thumbnailUrl: string | null;
}

export interface Reaction {
  readonly userId: UserId;
  readonly emoji: string;
  readonly createdAt: number;
}

export type MessageState = "sending" | "sent" | "failed";

export interface Message {
  /** Stays the same from the optimistic copy to the stored message: use it as the React key. */
  readonly key: string;
  /** Empty while the message is being sent. */
  readonly messageId: MessageId;
  readonly clientMessageId: string;
  readonly chatId: ChatId;
  readonly senderId: UserId;
  readonly text: string;
  readonly replyToMessageId: MessageId | null;
  readonly attachments: readonly Attachment[];
  /** Oldest first. */
  readonly reactions: readonly Reaction[];
  readonly createdAt: number;
  readonly editedAt: number | null;
  /** The event of the last edit; null if there is none. Of two edits the later id wins: times may be of wrong clocks. */
  readonly editId: string | null;
  readonly deletedForEveryone: boolean;
  readonly state: MessageState;
  /** The ErrorReason without its prefix; null unless the state is `failed`. */
  readonly failure: string | null;
}

export interface MessageList {
  /** Oldest first; messages being sent come last. */
  readonly messages: readonly Message[];
  /** `cached`: from the last visit, not confirmed by the server yet. */
  readonly status: "empty" | "cached" | "ready" | "failed";
  readonly hasOlder: boolean;
  readonly loadingOlder: boolean;
  /** The newest messages are not loaded: the user jumped to an older one. */
  readonly hasNewer: boolean;
  readonly loadingNewer: boolean;
  /** Changes when another part of the chat replaces the shown one. */
  readonly part: number;
}

export interface ConnectionState {
  /** `waiting`: the connection is lost, and the next attempt starts at `retryAt`. `offline`: the browser has no network. */
  readonly phase: "connecting" | "live" | "waiting" | "offline";
  readonly retryAt: number | null;
  /** When the connection was lost; null while live. */
  readonly since: number | null;
}

export type SessionState =
  | {
      readonly phase: "signed-out";
      /** The session expired, was revoked, or was logged out elsewhere. */ readonly ended: boolean;
    }
  | { readonly phase: "signed-in"; readonly userId: UserId; readonly username: string };

export interface Upload {
  /** Local id, from `attach`. */
  readonly id: string;
  readonly chatId: ChatId;
  readonly fileName: string;
  readonly contentType: string;
  readonly sizeBytes: number;
  readonly sentBytes: number;
  readonly state: "waiting" | "uploading" | "done" | "failed";
  /** `blob:` URL of an image, else null. */
  readonly previewUrl: string | null;
  /** 0 unless it is an image that this browser can decode. */
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
  /** The token of the next page; empty on the last one. */
  readonly nextPageToken: string;
}

/** The error that every failed action rejects with. The UI text comes from the catalogues, by `reason`. */
export class ChatlyError extends Error {
  override readonly name = "ChatlyError";

  constructor(
    /** A chatly.error.v1.ErrorReason without its prefix, for example `USERNAME_TAKEN`; `NETWORK` without a response. */
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
