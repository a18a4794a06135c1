import { useEffect, useRef } from "react";
import { notificationChoice } from "@/components/notifications/notification-choice";
import { useNameOf } from "@/components/people/names";
import { useTexts } from "@/i18n/hooks";
import { useChats, useUsers } from "@/lib/hooks";
import type { ChatId, UserId } from "@/lib/types";
import { type Heads, headsOf, type News, newsSince } from "./new-messages";

/** Tells about new messages while the window is hidden; a click opens the chat. */
export function useNotifications(me: UserId, open: (chatId: ChatId) => void): void {
  const { t } = useTexts();
  const { chats, status } = useChats();
  const heads = useRef<Heads | null>(null);
  const nameOf = useNameOf();
  const users = useUsers(chats.flatMap((chat) => (chat.lastMessage ? [chat.lastMessage.senderId] : [])));

  useEffect(() => {
    if (status !== "ready") return;
    const news = heads.current ? newsSince(heads.current, chats, me) : [];
    heads.current = headsOf(chats);
    if (!document.hidden || notificationChoice() !== "on") return;
    for (const item of news) {
      const sender = nameOf(users.get(item.message.senderId));
      notify(item, sender, summary(item, t("notify.photo"), t("notify.file")), open);
    }
  }, [chats, status, me, users, nameOf, open, t]);
}

function summary({ message }: News, photo: string, file: string): string {
  if (message.text !== "") return message.text;
  return message.attachments[0]?.contentType.startsWith("image/") ? photo : file;
}

function notify({ chat, message }: News, sender: string, text: string, open: (chatId: ChatId) => void): void {
  const title = chat.kind === "group" ? `${sender} · ${chat.title}` : sender;
  // The tag makes it one for all tabs and per chat.
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
