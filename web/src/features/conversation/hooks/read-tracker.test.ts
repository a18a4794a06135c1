import { describe, expect, it } from "vitest";
import { aMessage, ME, timeId } from "@/testing/builders";
import { type Reading, ReadTracker, REST_MS, unreadBelow } from "./read-tracker";

/** Messages 1 to 100 from someone else. */
const ITEMS = Array.from({ length: 100 }, (_, index) => aMessage(index + 1));

const unreadAfter = (tick: number, reading: Partial<Reading> = {}): Reading => ({
  items: ITEMS,
  hasOlder: false,
  start: tick === 0 ? null : timeId(tick),
  me: ME,
  ...reading,
});

/** A user who looks at these messages, one range after the other, each long enough to read it. */
function looking(...ranges: readonly (readonly [number, number])[]) {
  const tracker = new ReadTracker();
  let now = 0;
  for (const [first, last] of ranges) {
    const visible = ITEMS.slice(first - 1, last);
    tracker.look(visible, ITEMS, now);
    now += REST_MS;
    tracker.look(visible, ITEMS, now);
  }
  return { tracker, now };
}

function readBy(reading: Reading, ...ranges: readonly (readonly [number, number])[]) {
  const { tracker, now } = looking(...ranges);
  return tracker.readUpTo(reading, now);
}

describe("the read mark", () => {
  it("moves to the newest message on screen", () => {
    expect(readBy(unreadAfter(10), [9, 20])).toBe(timeId(20));
    expect(readBy(unreadAfter(0), [1, 12])).toBe(timeId(12));
  });

  it("does not move before the message has rested on screen", () => {
    const tracker = new ReadTracker();
    tracker.look(ITEMS.slice(10, 15), ITEMS, 0);
    tracker.look(ITEMS.slice(10, 20), ITEMS, 100);

    expect(tracker.readUpTo(unreadAfter(10), REST_MS - 1)).toBeNull();
    expect(tracker.restsIn(200)).toBe(REST_MS - 100);
    expect(tracker.readUpTo(unreadAfter(10), REST_MS)).toBe(timeId(15));
    expect(tracker.readUpTo(unreadAfter(10), REST_MS + 100)).toBe(timeId(20));
    expect(tracker.restsIn(REST_MS + 100)).toBeNull();
  });

  it("does not move to messages that flew by", () => {
    const tracker = new ReadTracker();
    for (const [first, now] of [
      [10, 0],
      [20, 50],
      [30, 100],
      [10, 150],
    ] as const)
      tracker.look(ITEMS.slice(first, first + 10), ITEMS, now);

    expect(tracker.readUpTo(unreadAfter(10), 150 + REST_MS)).toBe(timeId(20));
  });

  it("never moves back", () => {
    expect(readBy(unreadAfter(50), [9, 20])).toBeNull();
  });

  it("does not jump over unread messages that were not on screen", () => {
    expect(readBy(unreadAfter(10), [60, 70])).toBeNull();
    expect(looking([60, 70]).tracker.skipped(unreadAfter(10))).toBe(49);
  });

  it("moves after a jump once the user has scrolled over all of them, in either direction", () => {
    expect(readBy(unreadAfter(10), [60, 70], [50, 60], [40, 50])).toBeNull();
    expect(readBy(unreadAfter(40), [60, 70], [50, 60], [40, 50])).toBe(timeId(50));
    expect(readBy(unreadAfter(40), [60, 70], [35, 45], [46, 58], [59, 70])).toBe(timeId(70));
  });

  it("counts a fast move as scrolling, and a longer one as a jump", () => {
    expect(readBy(unreadAfter(10), [11, 20], [31, 40])).toBe(timeId(40));
    expect(readBy(unreadAfter(10), [11, 20], [32, 41])).toBeNull();
  });

  it("jumps over own and deleted messages", () => {
    const items = ITEMS.map((message, index) =>
      index < 30 ? { ...message, senderId: ME } : { ...message, deletedForEveryone: index < 60 },
    );
    expect(readBy(unreadAfter(10, { items }), [61, 70])).toBe(timeId(70));
  });

  it("does not move while messages before the loaded ones may be unread", () => {
    const reading = unreadAfter(0, { hasOlder: true });
    expect(readBy(reading, [1, 10])).toBeNull();
    expect(looking([1, 10]).tracker.skipped(reading)).toBeNull();
  });

  it("does not move over what was on screen while the user was away", () => {
    const { tracker, now } = looking([11, 20]);
    tracker.pause();
    expect(tracker.readUpTo(unreadAfter(10), now)).toBeNull();
    tracker.look(ITEMS.slice(30, 40), ITEMS, now);
    expect(tracker.readUpTo(unreadAfter(10), now + REST_MS)).toBeNull();
  });

  it("waits for the end of a message that is taller than the screen", () => {
    const { tracker, now } = looking([11, 11]);
    tracker.look([], ITEMS, now);
    tracker.look([], ITEMS, now + REST_MS);
    expect(tracker.readUpTo(unreadAfter(10), now + REST_MS)).toBeNull();
    tracker.look(ITEMS.slice(11, 12), ITEMS, now + REST_MS);
    expect(tracker.readUpTo(unreadAfter(10), now + 2 * REST_MS)).toBe(timeId(12));
  });
});

describe("the unread messages below", () => {
  it("are those after the screen and after the read mark", () => {
    expect(unreadBelow(unreadAfter(10), timeId(40))).toBe(60);
    expect(unreadBelow(unreadAfter(90), timeId(40))).toBe(10);
    expect(unreadBelow(unreadAfter(0), null)).toBe(100);
  });
});
