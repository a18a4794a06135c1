/** Finds the messages that are on screen. */

import type { Virtualizer } from "@tanstack/react-virtual";
import type { Message } from "@/lib/types";
import type { Row } from "./rows";

type Virtual = Virtualizer<HTMLDivElement, Element>;

/** Return the stored messages of which at least half, or the end, is in the scrolled view. Oldest first. */
export function messagesInView(rows: readonly Row[], virtual: Virtual, box: HTMLElement): readonly Message[] {
  const top = box.scrollTop;
  const bottom = top + box.clientHeight;
  return virtual.getVirtualItems().flatMap(({ index, start, end }) => {
    const row = rows[index];
    if (row?.kind !== "message" || row.message.messageId === "") return [];
    const half = (end - start) / 2;
    const isEndInView = end > top && end <= bottom + 1;
    // Both in view, or the view is inside the message and shows half of it.
    const isHalfInView = Math.min(end, bottom) - Math.max(start, top) >= half;
    return isEndInView || isHalfInView ? [row.message] : [];
  });
}

/** Return whether nothing covers the middle of an element: no dialog, no panel. */
export function isUncovered(box: HTMLElement): boolean {
  const { left, top, width, height } = box.getBoundingClientRect();
  return width > 0 && box.contains(document.elementFromPoint(left + width / 2, top + height / 2));
}
