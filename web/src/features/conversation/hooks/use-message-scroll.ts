import { useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { useMessages } from "@/lib/hooks";
import type { Jump } from "../types";
import type { ReadMark, Row } from "./rows";

/** Distance to the end, in pixels, that counts as being at the end. */
const NEAR_END = 60;
/** Load another page when fewer rows than this are left above or below. */
const ROWS_AHEAD = 10;

/** How long the virtualizer may take to scroll to a row. */
const SCROLL_MS = 500;

/** Usual heights in pixels. A row with the estimated height renders once instead of twice. */
const HEIGHTS = { day: 37, unread: 37, hidden: 37, message: 51, firstMessage: 59, senderName: 19 } as const;

interface ScrollOptions {
  readonly rows: readonly Row[];
  readonly list: Pick<
    ReturnType<typeof useMessages>,
    "hasOlder" | "loadingOlder" | "loadOlder" | "hasNewer" | "loadingNewer" | "loadNewer" | "showNewest"
  >;
  readonly scroller: RefObject<HTMLDivElement | null>;
  /** The message to show first, instead of the first unread one or the end. */
  readonly jump: Jump | null;
  readonly mark: ReadMark;
  readonly isGroup: boolean;
}

/**
 * Render only the rows near the view. At the end, follow new messages; elsewhere, keep the view in place when messages
 * are added above or below.
 */
export function useMessageScroll({ rows, list, scroller, jump, mark, isGroup }: ScrollOptions) {
  const { hasOlder, loadingOlder, loadOlder, hasNewer, loadingNewer, loadNewer, showNewest } = list;
  const [nearEnd, setNearEnd] = useState(false);
  const [started, setStarted] = useState(false);
  // eslint-disable-next-line react-hooks/incompatible-library -- its results are used in this render only
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => heightOf(rows[index], isGroup),
    getItemKey: (index) => rows[index]?.key ?? index,
    anchorTo: "end",
    scrollEndThreshold: NEAR_END,
    overscan: 8,
    paddingStart: 12,
    paddingEnd: 8,
  });

  const toEnd = useCallback(() => (hasNewer ? showNewest() : virtual.scrollToEnd()), [virtual, hasNewer, showNewest]);
  const atEnd = nearEnd && !hasNewer;
  useStayOnResize(scroller, started && atEnd, toEnd);
  useFollowNewMessages(rows, started && atEnd, scroller);
  useInitialScroll({ rows, jump, started, setStarted, virtual });
  useScrollToLine({ rows, jump, mark, started, virtual });
  useScrollToJump({ rows, jump, started, virtual, scroller });
  useScrollToOwnMessage(rows, started, toEnd);

  const shown = virtual.getVirtualItems();
  const above = shown[0]?.index ?? 0;
  const below = rows.length - 1 - (shown.at(-1)?.index ?? rows.length);
  const view = { scroller, virtual };
  useLoadNearby(started && rows.length > 0 && hasOlder && !loadingOlder && above < ROWS_AHEAD, loadOlder, view);
  useLoadNearby(started && rows.length > 0 && hasNewer && !loadingNewer && below < ROWS_AHEAD, loadNewer, view);

  const onScroll = useCallback(() => {
    const box = scroller.current;
    if (box) setNearEnd(box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END);
  }, [scroller]);
  // The end may come into view without a scroll, when the rows change their height.
  const height = virtual.getTotalSize();
  useEffect(() => {
    const frame = requestAnimationFrame(onScroll);
    return () => cancelAnimationFrame(frame);
  }, [onScroll, height]);

  return { virtual, started, atEnd, onScroll, toEnd };
}

/** Stay at the end when the list is resized. */
function useStayOnResize(scroller: ScrollOptions["scroller"], atEnd: boolean, toEnd: () => void): void {
  useEffect(() => {
    const box = scroller.current;
    if (!box || !atEnd) return;
    let { clientWidth, clientHeight } = box;
    const observer = new ResizeObserver(() => {
      if (clientWidth === box.clientWidth && clientHeight === box.clientHeight) return;
      ({ clientWidth, clientHeight } = box);
      toEnd();
    });
    observer.observe(box);
    return () => observer.disconnect();
  }, [scroller, atEnd, toEnd]);
}

/**
 * Stay at the end when newer messages arrive. The virtualizer itself follows only added rows, but the newest page may
 * replace the cached one. At the end of an older part, stay in place when its next page arrives.
 */
function useFollowNewMessages(rows: readonly Row[], atEnd: boolean, scroller: ScrollOptions["scroller"]): void {
  const last = rows.at(-1)?.key;
  const before = useRef({ last, atEnd });
  useLayoutEffect(() => {
    const box = scroller.current;
    const previous = before.current;
    before.current = { last, atEnd };
    if (box && atEnd && previous.atEnd && previous.last !== last) box.scrollTo({ top: box.scrollHeight });
  }, [last, atEnd, scroller]);
}

function heightOf(row: Row | undefined, isGroup: boolean): number {
  if (row?.kind !== "message") return HEIGHTS[row?.kind ?? "message"];
  if (!row.first) return HEIGHTS.message;
  return HEIGHTS.firstMessage + (isGroup ? HEIGHTS.senderName : 0);
}

export type Virtual = ReturnType<typeof useVirtualizer<HTMLDivElement, Element>>;

interface ScrollState {
  readonly rows: readonly Row[];
  readonly jump: Jump | null;
  readonly started: boolean;
  readonly virtual: Virtual;
}

type Marked = Pick<ScrollOptions, "mark">;
type View = Pick<ScrollState, "virtual"> & Pick<ScrollOptions, "scroller">;

/**
 * Load a page that the view needs. Checked after every render, and only when the virtualizer knows the scroll position:
 * until then its rows are not the ones in view, and it renders again once it does.
 */
function useLoadNearby(wanted: boolean, load: () => void, { scroller, virtual }: View): void {
  useEffect(() => {
    const position = scroller.current?.scrollTop ?? 0;
    if (wanted && Math.abs(position - (virtual.scrollOffset ?? 0)) <= 1) load();
  });
}

/** Scroll first to the jump target, or else to the first unread message, or else to the end. */
function useInitialScroll({
  rows,
  jump,
  started,
  setStarted,
  virtual,
}: ScrollState & { setStarted: (started: boolean) => void }): void {
  useLayoutEffect(() => {
    if (started || rows.length === 0) return;
    const unread = rows.findIndex((row) => row.kind === "unread");
    if (jump && indexOf(rows, jump) >= 0) virtual.scrollToIndex(indexOf(rows, jump), { align: "center" });
    else if (unread >= 0) virtual.scrollToIndex(unread, { align: "start" });
    else virtual.scrollToEnd();
    const frame = requestAnimationFrame(() => setStarted(true));
    return () => cancelAnimationFrame(frame);
  }, [rows, jump, started, setStarted, virtual]);
}

/**
 * Scroll to the line of new messages when it appears in a list that is shown already: when the server has answered after
 * the cache, or when the user comes back to the page.
 */
function useScrollToLine({ rows, jump, mark, started, virtual }: ScrollState & Marked): void {
  const done = useRef(mark);
  useLayoutEffect(() => {
    if (done.current === mark) return;
    const unread = rows.findIndex((row) => row.kind === "unread");
    if (unread < 0) return;
    done.current = mark;
    if (started && jump === null) virtual.scrollToIndex(unread, { align: "start" });
  }, [rows, jump, mark, started, virtual]);
}

/** Scroll to the jump target and focus it: once per jump, and again if rows are added above it before the scroll has ended. */
function useScrollToJump({ rows, jump, started, virtual, scroller }: ScrollState & View): void {
  const done = useRef<{ readonly jump: Jump; readonly index: number; readonly until: number } | null>(null);
  useEffect(() => {
    if (!started || jump === null) return;
    const index = indexOf(rows, jump);
    if (index < 0) return;
    const before = done.current?.jump === jump ? done.current : null;
    if (before && (before.index === index || performance.now() > before.until)) return;
    done.current = { jump, index, until: before?.until ?? performance.now() + SCROLL_MS };
    virtual.scrollToIndex(index, { align: "center" });
    requestAnimationFrame(() => {
      const row = scroller.current?.querySelector<HTMLElement>(`[data-message="${CSS.escape(jump.messageId)}"]`);
      row?.focus({ preventScroll: true });
    });
  }, [rows, jump, started, virtual, scroller]);
}

function indexOf(rows: readonly Row[], { messageId }: Jump): number {
  return rows.findIndex((row) => row.kind === "message" && row.message.messageId === messageId);
}

/** Scroll to every own message. */
function useScrollToOwnMessage(rows: readonly Row[], started: boolean, toEnd: () => void): void {
  const last = rows.at(-1);
  const sending = last?.kind === "message" && last.message.state === "sending" ? last.key : null;
  const shown = useRef<string | null>(null);
  useLayoutEffect(() => {
    if (!started || sending === null || shown.current === sending) return;
    shown.current = sending;
    toEnd();
  }, [started, sending, toEnd]);
}
