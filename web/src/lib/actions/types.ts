/** What a person can do. Each returns when the server has done it, unless it says otherwise; failures are ChatlyErrors. */

import type { Chat, ChatId, LoginSession, Message, MessageId, Page, Presence, Role, User, UserId } from "@/lib/types";

export interface SessionActions {
  readonly login: (email: string, password: string) => Promise<void>;
  /** Makes the account and logs in. */
  readonly register: (username: string, email: string, password: string) => Promise<void>;
  readonly logout: () => Promise<void>;
  readonly changePassword: (current: string, next: string) => Promise<void>;
  readonly deleteAccount: (password: string) => Promise<void>;
  readonly listSessions: () => Promise<readonly LoginSession[]>;
  readonly revokeSession: (sessionId: string) => Promise<void>;
}

export interface MessageActions {
  /** At once: shows the message and queues it; the queue survives reload and offline. Returns its client_message_id. */
  readonly sendMessage: (chatId: ChatId, draft: Draft) => string;
  /** Queues a failed message again, at the end. */
  readonly retryMessage: (clientMessageId: string) => void;
  /** Takes back a message that is failed or still waiting. */
  readonly discardMessage: (clientMessageId: string) => void;
  readonly editMessage: (chatId: ChatId, messageId: MessageId, text: string) => Promise<void>;
  readonly deleteMessage: (chatId: ChatId, messageId: MessageId, scope: "me" | "everyone") => Promise<void>;
  /** Shown at once; taken back if it fails. */
  readonly toggleReaction: (chatId: ChatId, messageId: MessageId, emoji: string) => Promise<void>;
  /** At once. An older one than the mark changes nothing; calls are gathered. */
  readonly markRead: (chatId: ChatId, messageId: MessageId) => void;
  /** Call at every keypress (true) and when the text is empty or sent (false); calls are thinned out. */
  readonly setTyping: (chatId: ChatId, active: boolean) => void;
  /** Newest first. A page may hold few messages, or none, and yet have another one behind it. */
  readonly searchMessages: (search: MessageSearch, signal: AbortSignal) => Promise<Page<Message>>;
}

export interface MessageSearch {
  readonly query: string;
  /** Null: in all chats. */
  readonly chatId?: ChatId | null;
  readonly pageToken?: string;
}

export interface Draft {
  readonly text: string;
  readonly replyToMessageId?: MessageId | null;
  /** Of `attach`; they need not be done. */
  readonly uploadIds?: readonly string[];
}

export interface UploadActions {
  /** At once: begins to upload; see `useUploads`. */
  readonly attach: (chatId: ChatId, files: readonly File[]) => void;
  readonly cancelUpload: (id: string) => void;
  readonly retryUpload: (id: string) => void;
  /** A link that works for about 5 minutes without cookies, for downloads that leave the page. */
  readonly downloadUrl: (mediaId: string) => Promise<string>;
}

export interface PeopleActions {
  readonly listUsers: (pageToken?: string) => Promise<Page<User>>;
  readonly searchUsers: (query: string, pageToken?: string) => Promise<Page<User>>;
  readonly getUser: (userId: UserId) => Promise<User>;
  /** Only what is given changes; `avatarMediaId: ""` takes the picture away. */
  readonly updateMe: (change: { username?: string; bio?: string; avatarMediaId?: string }) => Promise<User>;
  /** Uploads a picture for a profile or a group; returns its media_id. */
  readonly uploadAvatar: (picture: Blob, onProgress?: (share: number) => void, signal?: AbortSignal) => Promise<string>;
  readonly block: (userId: UserId) => Promise<void>;
  readonly unblock: (userId: UserId) => Promise<void>;
  readonly listBlocked: () => Promise<readonly User[]>;
  readonly setStatus: (text: string, emoji: string, expiresAt?: number | null) => Promise<Presence>;
}

export interface ChatActions {
  /** The id of the 1:1 chat with a user; the chat need not exist yet. */
  readonly directChatId: (userId: UserId) => ChatId;
  readonly createGroup: (group: {
    title: string;
    description?: string;
    avatarMediaId?: string;
    memberIds: readonly UserId[];
  }) => Promise<Chat>;
  readonly updateGroup: (
    chatId: ChatId,
    change: { title?: string; description?: string; avatarMediaId?: string },
  ) => Promise<void>;
  /** Adds members, or gives members another role. */
  readonly addMembers: (chatId: ChatId, userIds: readonly UserId[], role?: Role) => Promise<void>;
  readonly removeMember: (chatId: ChatId, userId: UserId) => Promise<void>;
  readonly leaveGroup: (chatId: ChatId) => Promise<void>;
}

export type Actions = SessionActions & MessageActions & UploadActions & PeopleActions & ChatActions;
