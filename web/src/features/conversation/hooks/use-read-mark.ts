import { useCallback, useState } from "react";
import { useChat } from "@/lib/hooks";
import { readingStart } from "@/lib/state/reading";
import type { Chat, ChatId, MessageList, UserId } from "@/lib/types";
import type { ReadMark } from "./rows";

interface ReadMarks {
  readonly mark: ReadMark;
  /** Move the line of new messages to the first message that is unread now. */
  readonly renewMark: () => void;
}

/**
 * The read mark when the chat was opened. The line of new messages stays there while the user reads.
 *
 * It is known once the server has answered: the cache may not know what is unread.
 */
export function useReadMark(chatId: ChatId, me: UserId, { status }: Pick<MessageList, "status">): ReadMarks {
  const chat = useChat(chatId);
  const [mark, setMark] = useState<ReadMark | null>(null);
  if (mark === null && status === "ready") setMark(markOf(chat, me));
  const renewMark = useCallback(() => setMark(markOf(chat, me)), [chat, me]);
  return { mark: mark ?? "all", renewMark };
}

function markOf(chat: Chat | null, me: UserId): ReadMark {
  return chat === null || chat.unreadCount === 0 ? "all" : { upTo: readingStart(chat, me) };
}
