/** The actions of a user. Each returns when the server has answered, unless it says otherwise, and fails with a ChatlyError. */

import type { Chat, ChatId, LoginSession, Message, MessageId, Page, Presence, Role, User, UserId } from "@/lib/types";

export interface SessionActions {
  readonly login: (email: string, password: string) => Promise<void>;
  /** Creates the account and logs in. */
  readonly register: (username: string, email: string, password: string) => Promise<void>;
  readonly logout: () => Promise<void>;
  readonly changePassword: (current: string, next: string) => Promise<void>;
  /** With `deleteMessages`, the user's messages are deleted for everyone too. */
  readonly deleteAccount: (password: string, deleteMessages: boolean) => Promise<void>;
  readonly listSessions: () => Promise<readonly LoginSession[]>;
  readonly revokeSession: (sessionId: string) => Promise<void>;
}

export interface MessageActions {
  /** Returns at once, with the client_message_id: the message is shown and stored until it is sent, also after a reload. */
  readonly sendMessage: (chatId: ChatId, draft: Draft) => string;
  /** Queues a failed message again, behind all others. */
  readonly retryMessage: (clientMessageId: string) => void;
  /** Deletes a message that failed or waits to be sent. */
  readonly discardMessage: (clientMessageId: string) => void;
  readonly editMessage: (chatId: ChatId, messageId: MessageId, text: string) => Promise<void>;
  readonly deleteMessage: (chatId: ChatId, messageId: MessageId, scope: "me" | "everyone") => Promise<void>;
  /** Shows the change at once, and reverts it on failure. */
  readonly toggleReaction: (chatId: ChatId, messageId: MessageId, emoji: string) => Promise<void>;
  /** Returns at once. Marks only move forward; calls in short succession are sent as one. */
  readonly markRead: (chatId: ChatId, messageId: MessageId) => void;
  /** Call at every key press (true) and when the text is empty or sent (false); few calls reach the server. */
  readonly setTyping: (chatId: ChatId, active: boolean) => void;
  /** Newest first. A page with few messages, or none, may still be followed by another. */
  readonly searchMessages: (search: MessageSearch, signal: AbortSignal) => Promise<Page<Message>>;
}

export interface MessageSearch {
  readonly query: string;
  /** Null searches all chats. */
  readonly chatId?: ChatId | null;
  readonly pageToken?: string;
}

export interface Draft {
  readonly text: string;
  readonly replyToMessageId?: MessageId | null;
  /** Ids from `attach`; the uploads may still be running. */
  readonly uploadIds?: readonly string[];
}

export interface UploadActions {
  /** Returns at once and starts to upload; see `useUploads`. */
  readonly attach: (chatId: ChatId, files: readonly File[]) => void;
  readonly cancelUpload: (id: string) => void;
  readonly retryUpload: (id: string) => void;
  /** A link that works without cookies for about 5 minutes. */
  readonly downloadUrl: (mediaId: string) => Promise<string>;
}

export interface PeopleActions {
  readonly listUsers: (pageToken?: string) => Promise<Page<User>>;
  readonly searchUsers: (query: string, pageToken?: string) => Promise<Page<User>>;
  readonly getUser: (userId: UserId) => Promise<User>;
  /** Changes only the given fields; `avatarMediaId: ""` removes the picture. */
  readonly updateMe: (change: { username?: string; bio?: string; avatarMediaId?: string }) => Promise<User>;
  /** Uploads a picture for a profile or a group, and returns its media_id. */
  readonly uploadAvatar: (picture: Blob, onProgress?: (share: number) => void, signal?: AbortSignal) => Promise<string>;
  readonly block: (userId: UserId) => Promise<void>;
  readonly unblock: (userId: UserId) => Promise<void>;
  readonly listBlocked: () => Promise<readonly User[]>;
  readonly setStatus: (text: string, emoji: string, expiresAt?: number | null) => Promise<Presence>;
}

export interface ChatActions {
  /** The id of the 1:1 chat with a user, which may not exist yet. */
  readonly directChatId: (userId: UserId) => ChatId;
  readonly createGroup: (group: {
    title: string;
    description?: string;
    avatarMediaId?: string;
    memberIds: readonly UserId[];
  }) => Promise<Chat>;
  readonly updateGroup: (
    chatId: ChatId,
    change: { title?: string; description?: string; avatarMediaId?: string; historyShared?: boolean },
  ) => Promise<void>;
  /** Adds members, or changes the role of members. */
  readonly addMembers: (chatId: ChatId, userIds: readonly UserId[], role?: Role) => Promise<void>;
  readonly removeMember: (chatId: ChatId, userId: UserId) => Promise<void>;
  readonly leaveGroup: (chatId: ChatId) => Promise<void>;
}

export type Actions = SessionActions & MessageActions & UploadActions & PeopleActions & ChatActions;
