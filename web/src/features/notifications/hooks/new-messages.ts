/** Which messages are news since the last look at the chats. Pure. */

import { isNewer } from "@/lib/ids";
import type { Chat, ChatId, Message, UserId } from "@/lib/types";

export type Heads = ReadonlyMap<ChatId, string>;

export function headsOf(chats: readonly Chat[]): Heads {
  return new Map(chats.map((chat) => [chat.chatId, chat.lastMessage?.messageId ?? ""]));
}

export interface News {
  readonly chat: Chat;
  readonly message: Message;
}

/** The newest message of each chat that has one more than before, from others, unread. */
export function newsSince(before: Heads, chats: readonly Chat[], me: UserId): readonly News[] {
  return chats.flatMap((chat) => {
    const message = chat.lastMessage;
    if (!message || message.senderId === me || message.messageId === "" || chat.unreadCount === 0) return [];
    return isNewer(message.messageId, before.get(chat.chatId) ?? null) ? [{ chat, message }] : [];
  });
}
