import { useEffect, useState } from "react";
import { useActions, useChat } from "@/lib/hooks";
import type { Chat, ChatId, Message, UserId } from "@/lib/types";
import type { ReadMark } from "./rows";

/** The read mark when the chat was opened. The line of new messages stays there while the chat is open. */
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

/** Mark the newest message as read while it is in view and the page has the focus. */
export function useMarkRead(chatId: ChatId, messages: readonly Message[], atEnd: boolean): void {
  const { markRead } = useActions();
  const [focused, setFocused] = useState(hasFocus);
  const newest = messages.findLast((message) => message.messageId !== "")?.messageId;
  useEffect(() => {
    const update = (): void => setFocused(hasFocus());
    window.addEventListener("focus", update);
    window.addEventListener("blur", update);
    document.addEventListener("visibilitychange", update);
    return () => {
      window.removeEventListener("focus", update);
      window.removeEventListener("blur", update);
      document.removeEventListener("visibilitychange", update);
    };
  }, []);
  useEffect(() => {
    if (focused && atEnd && newest) markRead(chatId, newest);
  }, [focused, atEnd, newest, chatId, markRead]);
}

function hasFocus(): boolean {
  return document.visibilityState === "visible" && document.hasFocus();
}
