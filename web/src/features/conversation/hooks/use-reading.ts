import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { useActions, useChat } from "@/lib/hooks";
import { laterId } from "@/lib/ids";
import { reachesBackTo } from "@/lib/state/messages";
import { readingStart } from "@/lib/state/reading";
import type { ChatId, MessageId, MessageList, UserId } from "@/lib/types";
import { isUncovered, messagesInView } from "./on-screen";
import { type Reading, ReadTracker, unreadBelow } from "./read-tracker";
import type { Row } from "./rows";
import type { Virtual } from "./use-message-scroll";

interface ReadingOptions {
  readonly chatId: ChatId;
  readonly me: UserId;
  readonly list: Pick<MessageList, "messages" | "hasOlder" | "hasNewer">;
  readonly rows: readonly Row[];
  readonly virtual: Virtual;
  readonly scroller: RefObject<HTMLDivElement | null>;
  /** The view is where it should start. */
  readonly started: boolean;
  readonly attentive: boolean;
}

/** Unread messages outside the view. */
export interface Outside {
  /** Unread messages that the user has jumped over. */
  readonly above: number;
  readonly below: number;
}

const NONE: Outside = { above: 0, below: 0 };

/** Mark messages as read while they are on screen, and count the unread ones outside the view. */
export function useReading(options: ReadingOptions) {
  const { chatId, me, list, rows, virtual, started, attentive } = options;
  const { markRead } = useActions();
  const chat = useChat(chatId);
  const [outside, setOutside] = useState(NONE);
  const [tracker] = useState(() => new ReadTracker());
  const newestInView = useRef<MessageId | null>(null);
  const start = chat === null ? null : readingStart(chat, me);
  const unreadCount = chat?.unreadCount ?? 0;

  const newestLook = useRef<() => void>(() => undefined);
  const waiting = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const frame = useRef(0);
  /** Look in the next frame, once for all reasons of this one. */
  const schedule = useCallback(() => {
    cancelAnimationFrame(frame.current);
    clearTimeout(waiting.current);
    frame.current = requestAnimationFrame(() => newestLook.current());
  }, []);
  // With the values of the newest render.
  useLayoutEffect(() => {
    newestLook.current = () => {
      const box = options.scroller.current;
      if (!box || !started) return;
      const now = performance.now();
      const stored = list.messages.findLastIndex((message) => message.messageId !== "") + 1;
      const items = stored === list.messages.length ? list.messages : list.messages.slice(0, stored);
      const reading: Reading = { items, hasOlder: list.hasOlder, start, me };
      const visible = messagesInView(rows, virtual, box);
      newestInView.current = visible.at(-1)?.messageId ?? newestInView.current;
      if (attentive && isUncovered(box)) tracker.look(visible, items, now);
      else tracker.pause();
      const readNow = tracker.readUpTo(reading, now);
      if (readNow !== null) markRead(chatId, readNow);
      setOutside((before) => {
        const after = outsideOf(reading, list.hasNewer, unreadCount, tracker.skipped(reading), newestInView.current);
        return before.above === after.above && before.below === after.below ? before : after;
      });
      const wait = tracker.restsIn(now);
      if (wait !== null) waiting.current = setTimeout(schedule, wait);
    };
  });
  const height = virtual.getTotalSize();
  useEffect(schedule, [schedule, rows, height, started, attentive, start, unreadCount]);
  useEffect(() => {
    // Hidden tabs have no frames.
    if (!attentive) tracker.pause();
  }, [attentive, tracker]);
  useEffect(
    () => () => {
      cancelAnimationFrame(frame.current);
      clearTimeout(waiting.current);
    },
    [],
  );

  const newest = laterId(chat?.lastMessage?.messageId ?? null, list.messages.at(-1)?.messageId || null);
  const markAll = useCallback(() => {
    if (newest !== null) markRead(chatId, newest);
  }, [chatId, newest, markRead]);

  /** Whether the first unread message is loaded. */
  const isLoaded = reachesBackTo({ items: list.messages, hasOlder: list.hasOlder }, start);
  return { outside, isLoaded, markAll, onScroll: schedule };
}

function outsideOf(
  reading: Reading,
  hasNewer: boolean,
  unreadCount: number,
  skipped: number | null,
  inView: MessageId | null,
): Outside {
  if (unreadCount === 0) return NONE;
  if (skipped === null) return { above: unreadCount, below: 0 };
  const below = unreadBelow(reading, inView);
  if (!hasNewer) return { above: skipped, below };
  if (!reachesBackTo(reading, reading.start)) return { above: skipped, below: 0 };
  // Not all of them are loaded, so subtract those at or above the view.
  return { above: skipped, below: unreadCount - (unreadBelow(reading, null) - below) };
}
