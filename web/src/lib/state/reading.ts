/** Tells read messages of a chat from unread ones. Pure. */

import { isNewer, laterId } from "@/lib/ids";
import type { Chat, Message, MessageId, UserId } from "@/lib/types";

/** Return the id after which messages are unread: the read mark, or where the user joined; null: all of them. */
export function readingStart(chat: Chat, me: UserId): MessageId | null {
  const mark = chat.members.find((member) => member.userId === me)?.readMessageId ?? null;
  // A chat kept on the device by an older version of the client has no `unreadAfterId`.
  return laterId(mark, chat.unreadAfterId ?? null);
}

export function isUnread(message: Message, start: MessageId | null, me: UserId): boolean {
  const { messageId, senderId, deletedForEveryone } = message;
  return messageId !== "" && senderId !== me && !deletedForEveryone && isNewer(messageId, start);
}
