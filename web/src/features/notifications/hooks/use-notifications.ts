import { useEffect, useRef } from "react";
import { notificationChoice } from "@/components/notifications/notification-choice";
import { useNameOf } from "@/components/people/names";
import { useTexts } from "@/i18n/hooks";
import { useChats, useUsers } from "@/lib/hooks";
import type { ChatId, UserId } from "@/lib/types";
import { type NewMessage, newMessagesSince, type NewestIds, newestIdsOf } from "./new-messages";

/** Show notifications of new messages while the window is hidden. A click opens the chat. */
export function useNotifications(me: UserId, open: (chatId: ChatId) => void): void {
  const { t } = useTexts();
  const { chats, status } = useChats();
  const newestIds = useRef<NewestIds | null>(null);
  const nameOf = useNameOf();
  const users = useUsers(chats.flatMap((chat) => (chat.lastMessage ? [chat.lastMessage.senderId] : [])));

  useEffect(() => {
    if (status !== "ready") return;
    const newMessages = newestIds.current ? newMessagesSince(newestIds.current, chats, me) : [];
    newestIds.current = newestIdsOf(chats);
    if (!document.hidden || notificationChoice() !== "on") return;
    for (const item of newMessages) {
      const sender = nameOf(users.get(item.message.senderId));
      notify(item, sender, summary(item, t("notify.photo"), t("notify.file")), open);
    }
  }, [chats, status, me, users, nameOf, open, t]);
}

function summary({ message }: NewMessage, photo: string, file: string): string {
  if (message.text !== "") return message.text;
  return message.attachments[0]?.contentType.startsWith("image/") ? photo : file;
}

function notify({ chat, message }: NewMessage, sender: string, text: string, open: (chatId: ChatId) => void): void {
  const title = chat.kind === "group" ? `${sender} · ${chat.title}` : sender;
  // All tabs use the same tag, so the browser shows the message once.
  const shown = new Notification(title, {
    body: text,
    tag: `${chat.chatId}:${message.messageId}`,
    icon: "/icon-192.png",
  });
  shown.onclick = () => {
    window.focus();
    open(chat.chatId);
    shown.close();
  };
}
