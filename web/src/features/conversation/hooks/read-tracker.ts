/** Decides how far the user has read a chat, from what was on screen. No DOM, no clock of its own. */

import { compareIds, isNewer } from "@/lib/ids";
import { reachesBackTo } from "@/lib/state/messages";
import { isUnread } from "@/lib/state/reading";
import type { Message, MessageId, UserId } from "@/lib/types";

/** How long a message is on screen before it counts as read. */
export const REST_MS = 400;

/** The loaded part of a chat, and what is read of it. */
export interface Reading {
  /** Without gaps, oldest first, and without messages that are being sent. */
  readonly items: readonly Message[];
  readonly hasOlder: boolean;
  /** Messages after it are unread; null: all of them. */
  readonly start: MessageId | null;
  readonly me: UserId;
}

/**
 * The newest message that rested on screen is read, if every unread message before it was on screen too.
 *
 * A read mark covers everything before it. So after a jump over unread messages nothing is read until the user has
 * scrolled over them.
 */
export class ReadTracker {
  /** The messages on screen, and since when they are. */
  #since: ReadonlyMap<MessageId, number> = new Map();
  /** The oldest and the newest message of the last look. */
  #screen: readonly [MessageId, MessageId] | null = null;
  /** The user has scrolled from this message to the screen without a jump. */
  #from: MessageId | null = null;

  /** Look at the messages on screen, oldest first. A move by more than a screen since the last look is a jump. */
  look(visible: readonly Message[], items: readonly Message[], now: number): void {
    this.#since = new Map(visible.map(({ messageId }) => [messageId, this.#since.get(messageId) ?? now]));
    const first = visible[0]?.messageId;
    const last = visible.at(-1)?.messageId;
    // In the middle of a message that is taller than the screen.
    if (first === undefined || last === undefined) return;
    const isMove = this.#screen !== null && messagesBetween(items, this.#screen, [first, last]) <= visible.length;
    this.#screen = [first, last];
    this.#from = isMove && this.#from !== null && isNewer(first, this.#from) ? this.#from : first;
  }

  /** The user does not look: what is on screen now was not seen. */
  pause(): void {
    this.#since = new Map();
    this.#screen = null;
    this.#from = null;
  }

  /** Return the newest message that is read now, or null if nothing after `start` is. */
  readUpTo(reading: Reading, now: number): MessageId | null {
    const rested = [...this.#since].findLast(([, since]) => now - since >= REST_MS)?.[0];
    if (rested === undefined || !isNewer(rested, reading.start)) return null;
    return this.skipped(reading) === 0 ? rested : null;
  }

  /** Return the time until the newest message on screen has rested; null if it has, or there is none. */
  restsIn(now: number): number | null {
    const since = [...this.#since.values()].at(-1);
    return since === undefined || now - since >= REST_MS ? null : since + REST_MS - now;
  }

  /** Count the unread messages that the user has jumped over; null if not all of them are loaded. */
  skipped({ items, hasOlder, start, me }: Reading): number | null {
    if (this.#from === null || !isNewer(this.#from, start)) return 0;
    if (!reachesBackTo({ items, hasOlder }, start)) return null;
    const jumpedOver = items.slice(indexAfter(items, start), indexAfter(items, this.#from) - 1);
    return jumpedOver.filter((message) => isUnread(message, start, me)).length;
  }
}

/** Count the unread messages after a message. */
export function unreadBelow({ items, start, me }: Reading, messageId: MessageId | null): number {
  const from = messageId !== null && isNewer(messageId, start) ? messageId : start;
  return items.slice(indexAfter(items, from)).filter((message) => isUnread(message, null, me)).length;
}

/** Return the index of the first message that is newer than an id. */
function indexAfter(items: readonly Message[], id: MessageId | null): number {
  let [low, high] = [0, id === null ? 0 : items.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const message = items[middle];
    if (message && id !== null && compareIds(message.messageId, id) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

type Screen = readonly [MessageId, MessageId];

/** Count the messages between two screens; 0 if they overlap. */
function messagesBetween(items: readonly Message[], [oneFirst, oneLast]: Screen, [first, last]: Screen): number {
  if (isNewer(first, oneLast)) return indexAfter(items, first) - 1 - indexAfter(items, oneLast);
  if (isNewer(oneFirst, last)) return indexAfter(items, oneFirst) - 1 - indexAfter(items, last);
  return 0;
}
