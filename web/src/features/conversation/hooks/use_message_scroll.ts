import { useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Row } from "./rows";

/** So near to the end counts as being there, in pixels. */
const NEAR_END = 60;
/** Older messages are asked for when so few rows are left above. */
const ROWS_AHEAD = 10;

const ESTIMATES = { day: 44, unread: 40, message: 62 } as const;

interface ScrollOptions {
  readonly rows: readonly Row[];
  readonly hasOlder: boolean;
  readonly loadingOlder: boolean;
  readonly loadOlder: () => void;
  readonly scroller: RefObject<HTMLDivElement | null>;
}

/**
 * Draws only the rows in view, and holds still what is read: at the end it follows new messages,
 * anywhere else nothing that comes above or below moves what is in view.
 */
export function useMessageScroll({ rows, hasOlder, loadingOlder, loadOlder, scroller }: ScrollOptions) {
  const [atEnd, setAtEnd] = useState(true);
  const [began, setBegan] = useState(false);
  // eslint-disable-next-line react-hooks/incompatible-library -- its results are used in this render only
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => ESTIMATES[rows[index]?.kind ?? "message"],
    getItemKey: (index) => rows[index]?.key ?? index,
    anchorTo: "end",
    followOnAppend: true,
    scrollEndThreshold: NEAR_END,
    overscan: 8,
    paddingStart: 12,
    paddingEnd: 8,
  });

  const toEnd = useCallback(() => virtual.scrollToEnd(), [virtual]);
  useBegin(rows, began, setBegan, virtual);
  useOwnMessage(rows, began, toEnd);

  const first = virtual.getVirtualItems()[0]?.index ?? 0;
  const wantsOlder = began && hasOlder && !loadingOlder && rows.length > 0 && first < ROWS_AHEAD;
  useEffect(() => {
    if (wantsOlder) loadOlder();
  }, [wantsOlder, loadOlder]);

  const onScroll = useCallback(() => {
    const box = scroller.current;
    if (box) setAtEnd(box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END);
  }, [scroller]);

  return { virtual, atEnd, onScroll, toEnd };
}

type Virtual = ReturnType<typeof useVirtualizer<HTMLDivElement, Element>>;

/** The first look: at the first unread message, else at the end. */
function useBegin(rows: readonly Row[], began: boolean, setBegan: (began: boolean) => void, virtual: Virtual): void {
  useLayoutEffect(() => {
    if (began || rows.length === 0) return;
    const unread = rows.findIndex((row) => row.kind === "unread");
    if (unread >= 0) virtual.scrollToIndex(unread, { align: "start" });
    else virtual.scrollToEnd();
    const frame = requestAnimationFrame(() => setBegan(true));
    return () => cancelAnimationFrame(frame);
  }, [rows, began, setBegan, virtual]);
}

/** What one sends oneself is always shown. */
function useOwnMessage(rows: readonly Row[], began: boolean, toEnd: () => void): void {
  const last = rows.at(-1);
  const sending = last?.kind === "message" && last.message.state === "sending" ? last.key : null;
  const shown = useRef<string | null>(null);
  useLayoutEffect(() => {
    if (!began || sending === null || shown.current === sending) return;
    shown.current = sending;
    toEnd();
  }, [began, sending, toEnd]);
}
