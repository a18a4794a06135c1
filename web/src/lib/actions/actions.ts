/** What a person can do. Each returns when the server has done it, unless it says otherwise; failures are ChatlyErrors. */

import type { Chat, ChatId, LoginSession, MessageId, Page, Presence, Role, User, UserId } from "@/lib/types";

export interface SessionActions {
  login(email: string, password: string): Promise<void>;
  /** Makes the account and logs in. */
  register(username: string, email: string, password: string): Promise<void>;
  logout(): Promise<void>;
  changePassword(current: string, next: string): Promise<void>;
  deleteAccount(password: string): Promise<void>;
  listSessions(): Promise<readonly LoginSession[]>;
  revokeSession(sessionId: string): Promise<void>;
}

export interface MessageActions {
  /** At once: shows the message and queues it; the queue survives reload and offline. Returns its client_message_id. */
  sendMessage(chatId: ChatId, draft: Draft): string;
  /** Queues a failed message again, at the end. */
  retryMessage(clientMessageId: string): void;
  /** Takes back a message that is failed or still waiting. */
  discardMessage(clientMessageId: string): void;
  editMessage(chatId: ChatId, messageId: MessageId, text: string): Promise<void>;
  deleteMessage(chatId: ChatId, messageId: MessageId, scope: "me" | "everyone"): Promise<void>;
  /** Shown at once; taken back if it fails. */
  toggleReaction(chatId: ChatId, messageId: MessageId, emoji: string): Promise<void>;
  /** At once. An older one than the mark changes nothing; calls are gathered. */
  markRead(chatId: ChatId, messageId: MessageId): void;
  /** Call at every keypress (true) and when the text is empty or sent (false); calls are thinned out. */
  setTyping(chatId: ChatId, active: boolean): void;
}

export interface Draft {
  readonly text: string;
  readonly replyToMessageId?: MessageId | null;
  /** Of `attach`; they need not be done. */
  readonly uploadIds?: readonly string[];
}

export interface UploadActions {
  /** At once: begins to upload; see `useUploads`. */
  attach(chatId: ChatId, files: readonly File[]): void;
  cancelUpload(id: string): void;
  retryUpload(id: string): void;
  /** A link that works for about 5 minutes without cookies, for downloads that leave the page. */
  downloadUrl(mediaId: string): Promise<string>;
}

export interface PeopleActions {
  listUsers(pageToken?: string): Promise<Page<User>>;
  searchUsers(query: string, pageToken?: string): Promise<Page<User>>;
  getUser(userId: UserId): Promise<User>;
  /** Only what is given changes; `avatarMediaId: ""` takes the picture away. */
  updateMe(change: { username?: string; bio?: string; avatarMediaId?: string }): Promise<User>;
  /** Uploads a picture for a profile or a group; returns its media_id. */
  uploadAvatar(picture: Blob, onProgress?: (share: number) => void, signal?: AbortSignal): Promise<string>;
  block(userId: UserId): Promise<void>;
  unblock(userId: UserId): Promise<void>;
  listBlocked(): Promise<readonly User[]>;
  setStatus(text: string, emoji: string, expiresAt?: number | null): Promise<Presence>;
}

export interface ChatActions {
  /** The id of the 1:1 chat with a user; the chat need not exist yet. */
  directChatId(userId: UserId): ChatId;
  createGroup(group: {
    title: string;
    description?: string;
    avatarMediaId?: string;
    memberIds: readonly UserId[];
  }): Promise<Chat>;
  updateGroup(chatId: ChatId, change: { title?: string; description?: string; avatarMediaId?: string }): Promise<void>;
  /** Adds members, or gives members another role. */
  addMembers(chatId: ChatId, userIds: readonly UserId[], role?: Role): Promise<void>;
  removeMember(chatId: ChatId, userId: UserId): Promise<void>;
  leaveGroup(chatId: ChatId): Promise<void>;
}

export type Actions = SessionActions & MessageActions & UploadActions & PeopleActions & ChatActions;
