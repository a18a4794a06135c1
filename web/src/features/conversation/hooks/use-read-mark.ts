import { useEffect, useState } from "react";
import { useActions, useChat } from "@/lib/hooks";
import type { Chat, ChatId, Message, UserId } from "@/lib/types";
import type { ReadMark } from "./rows";

/** Where the unread messages began when the chat was opened: the line stays there while it is open. */
export function useReadMark(chatId: ChatId, me: UserId): ReadMark {
  const chat = useChat(chatId);
  const [mark, setMark] = useState<ReadMark | null>(null);
  if (mark === null && chat !== null) setMark(markOf(chat, me));
  return mark ?? "all";
}

function markOf(chat: Chat, me: UserId): ReadMark {
  if (chat.unreadCount === 0) return "all";
  return { upTo: chat.members.find((member) => member.userId === me)?.readMessageId ?? null };
}

/** Marks what is in view as read, while somebody looks at the page. */
export function useMarkRead(chatId: ChatId, messages: readonly Message[], atEnd: boolean): void {
  const { markRead } = useActions();
  const [watched, setWatched] = useState(isWatched);
  const newest = messages.findLast((message) => message.messageId !== "")?.messageId;
  useEffect(() => {
    const look = (): void => setWatched(isWatched());
    window.addEventListener("focus", look);
    window.addEventListener("blur", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      window.removeEventListener("focus", look);
      window.removeEventListener("blur", look);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  useEffect(() => {
    if (watched && atEnd && newest) markRead(chatId, newest);
  }, [watched, atEnd, newest, chatId, markRead]);
}

function isWatched(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}
