import { useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { useMessages } from "@/lib/hooks";
import type { Jump } from "../types";
import type { Row } from "./rows";

/** So near to the end counts as being there, in pixels. */
const NEAR_END = 60;
/** More messages are asked for when so few rows are left above or below. */
const ROWS_AHEAD = 10;

/** Heights as they mostly are: a row that has the one expected is drawn once, not again when it was measured. */
const HEIGHTS = { day: 37, unread: 37, message: 51, firstMessage: 59, senderName: 19 } as const;

interface ScrollOptions {
  readonly rows: readonly Row[];
  readonly list: Pick<
    ReturnType<typeof useMessages>,
    "hasOlder" | "loadingOlder" | "loadOlder" | "hasNewer" | "loadingNewer" | "loadNewer" | "showNewest"
  >;
  readonly scroller: RefObject<HTMLDivElement | null>;
  /** Where to look first instead of at the end. */
  readonly jump: Jump | null;
  readonly isGroup: boolean;
}

/**
 * Draws only the rows in view, and holds still what is read: at the end it follows new messages,
 * anywhere else nothing that comes above or below moves what is in view.
 */
export function useMessageScroll({ rows, list, scroller, jump, isGroup }: ScrollOptions) {
  const { hasOlder, loadingOlder, loadOlder, hasNewer, loadingNewer, loadNewer, showNewest } = list;
  const [nearEnd, setNearEnd] = useState(true);
  const [began, setBegan] = useState(false);
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
  useBegin({ rows, jump, began, setBegan, virtual });
  useLanding({ rows, jump, began, virtual, scroller });
  useOwnMessage(rows, began, toEnd);

  const shown = virtual.getVirtualItems();
  const above = shown[0]?.index ?? 0;
  const below = rows.length - 1 - (shown.at(-1)?.index ?? rows.length);
  const wish = { scroller, virtual };
  useWish(began && rows.length > 0 && hasOlder && !loadingOlder && above < ROWS_AHEAD, loadOlder, wish);
  useWish(began && rows.length > 0 && hasNewer && !loadingNewer && below < ROWS_AHEAD, loadNewer, wish);

  const onScroll = useCallback(() => {
    const box = scroller.current;
    if (box) setNearEnd(box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_END);
  }, [scroller]);
  // What is drawn may shrink or grow without a scroll: the end may come into view by that alone.
  const height = virtual.getTotalSize();
  useEffect(() => {
    const frame = requestAnimationFrame(onScroll);
    return () => cancelAnimationFrame(frame);
  }, [onScroll, height]);

  const atEnd = nearEnd && !hasNewer;
  useStay(scroller, began && atEnd, toEnd);
  useFollow(rows, began && atEnd, scroller);

  return { virtual, atEnd, onScroll, toEnd };
}

/** Whoever is at the end stays there when the list gets narrower, wider, lower or higher. */
function useStay(scroller: ScrollOptions["scroller"], atEnd: boolean, toEnd: () => void): void {
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
 * Whoever is at the end stays there when there are newer messages; not by the virtualizer, which follows only what is
 * added to its rows, while the newest page may take the place of what was kept from the last visit.
 * Whom older pages have led to their end reads on there when the next one comes.
 */
function useFollow(rows: readonly Row[], atEnd: boolean, scroller: ScrollOptions["scroller"]): void {
  const last = rows.at(-1)?.key;
  const before = useRef({ last, atEnd });
  useLayoutEffect(() => {
    const box = scroller.current;
    const was = before.current;
    before.current = { last, atEnd };
    if (box && atEnd && was.atEnd && was.last !== last) box.scrollTo({ top: box.scrollHeight });
  }, [last, atEnd, scroller]);
}

function heightOf(row: Row | undefined, isGroup: boolean): number {
  if (row?.kind !== "message") return HEIGHTS[row?.kind ?? "message"];
  if (!row.first) return HEIGHTS.message;
  return HEIGHTS.firstMessage + (isGroup ? HEIGHTS.senderName : 0);
}

type Virtual = ReturnType<typeof useVirtualizer<HTMLDivElement, Element>>;

interface Look {
  readonly rows: readonly Row[];
  readonly jump: Jump | null;
  readonly began: boolean;
  readonly virtual: Virtual;
}

type Drawn = Pick<Look, "virtual"> & Pick<ScrollOptions, "scroller">;

/**
 * Asks for a page that what is in view wants. Looked at after each drawing: as long as the virtualizer has not heard of
 * a scroll, such as to the end of another page, what it drew is not what is in view, and it draws once more when it has.
 */
function useWish(wanted: boolean, load: () => void, { scroller, virtual }: Drawn): void {
  useEffect(() => {
    const place = scroller.current?.scrollTop ?? 0;
    if (wanted && Math.abs(place - (virtual.scrollOffset ?? 0)) <= 1) load();
  });
}

/** The first look: at the message that was jumped to, else at the first unread message, else at the end. */
function useBegin({ rows, jump, began, setBegan, virtual }: Look & { setBegan: (began: boolean) => void }): void {
  useLayoutEffect(() => {
    if (began || rows.length === 0) return;
    const unread = rows.findIndex((row) => row.kind === "unread");
    if (jump && placeOf(rows, jump) >= 0) virtual.scrollToIndex(placeOf(rows, jump), { align: "center" });
    else if (unread >= 0) virtual.scrollToIndex(unread, { align: "start" });
    else virtual.scrollToEnd();
    const frame = requestAnimationFrame(() => setBegan(true));
    return () => cancelAnimationFrame(frame);
  }, [rows, jump, began, setBegan, virtual]);
}

/** Brings the message that was jumped to into view, once for each jump, and puts the focus on it. */
function useLanding({ rows, jump, began, virtual, scroller }: Look & Drawn): void {
  const landed = useRef<Jump | null>(null);
  useEffect(() => {
    if (!began || jump === null || landed.current === jump) return;
    const place = placeOf(rows, jump);
    if (place < 0) return;
    landed.current = jump;
    virtual.scrollToIndex(place, { align: "center" });
    requestAnimationFrame(() => {
      const row = scroller.current?.querySelector<HTMLElement>(`[data-message="${CSS.escape(jump.messageId)}"]`);
      row?.focus({ preventScroll: true });
    });
  }, [rows, jump, began, virtual, scroller]);
}

function placeOf(rows: readonly Row[], { messageId }: Jump): number {
  return rows.findIndex((row) => row.kind === "message" && row.message.messageId === messageId);
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
