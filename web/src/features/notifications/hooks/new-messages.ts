/** Finds new messages by comparing the chats with an earlier state. Pure. */

import { isNewer } from "@/lib/ids";
import type { Chat, ChatId, Message, UserId } from "@/lib/types";

/** The newest message_id of each chat; empty without messages. */
export type NewestIds = ReadonlyMap<ChatId, string>;

export function newestIdsOf(chats: readonly Chat[]): NewestIds {
  return new Map(chats.map((chat) => [chat.chatId, chat.lastMessage?.messageId ?? ""]));
}

export interface NewMessage {
  readonly chat: Chat;
  readonly message: Message;
}

/** Return the newest message of each chat, if it is newer than before, unread, and from another user. */
export function newMessagesSince(before: NewestIds, chats: readonly Chat[], me: UserId): readonly NewMessage[] {
  return chats.flatMap((chat) => {
    const message = chat.lastMessage;
    if (!message || message.senderId === me || message.messageId === "" || chat.unreadCount === 0) return [];
    return isNewer(message.messageId, before.get(chat.chatId) ?? null) ? [{ chat, message }] : [];
  });
}
