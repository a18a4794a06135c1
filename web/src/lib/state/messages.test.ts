import { describe, expect, it } from "vitest";
import { aMessage, ME, timeId } from "@/testing/builders";
import { type LoadedMessages, NOT_LOADED } from "./model";
import { unreadAfter, withLive, withNewerPage, withNewestPage, withOlderPage, withPart } from "./messages";
import { listOf, receiptOf } from "./selectors";

const page = (...ticks: readonly number[]) => ticks.map((tick) => aMessage(tick));
const list = (ticks: readonly number[], more: Partial<LoadedMessages> = {}): LoadedMessages => ({
  ...NOT_LOADED,
  ...{ items: page(...ticks), status: "ready", hasOlder: true },
  ...more,
});
const ids = (loaded: LoadedMessages) => loaded.items.map((message) => message.createdAt);

describe("pages", () => {
  it("join what was loaded before when they meet", () => {
    expect(ids(withNewestPage(list([1, 2, 3]), page(3, 4, 5), true))).toEqual([1, 2, 3, 4, 5]);
  });

  it("replace what was loaded before when messages may lie between", () => {
    const joined = withNewestPage(list([1, 2], { hasOlder: false }), page(4, 5), true);

    expect(ids(joined)).toEqual([4, 5]);
    expect(joined.hasOlder).toBe(true);
  });

  it("replace what came from the cache", () => {
    expect(ids(withNewestPage(list([1, 2, 3], { status: "cached" }), page(3, 4), false))).toEqual([3, 4]);
  });

  it("of older messages go before, each once", () => {
    expect(ids(withOlderPage(list([3, 4]), page(1, 2, 3), false))).toEqual([1, 2, 3, 4]);
  });
});

describe("a part from the middle", () => {
  const middle = list([3, 4, 5], { hasNewer: true });

  it("does not take what comes live: messages lie between", () => {
    expect(withLive(middle, aMessage(9))).toBe(middle);
    expect(ids(withLive({ ...middle, hasNewer: false }, aMessage(9)))).toEqual([3, 4, 5, 9]);
  });

  it("grows at its end, each message once, until it meets the newest", () => {
    const grown = withNewerPage(middle, page(5, 6, 7), false);

    expect(ids(grown)).toEqual([3, 4, 5, 6, 7]);
    expect(grown.hasNewer).toBe(false);
  });

  it("is another part than what was shown, also where the two meet", () => {
    const jumped = withPart(list([8, 9]), page(3, 4, 8), { hasOlder: true, hasNewer: true });

    expect([jumped.part, jumped.hasNewer, ids(jumped)]).toEqual([1, true, [3, 4, 8]]);
  });

  it("shows nothing that is being sent, and counts nothing as read to the end", () => {
    const waiting = aMessage(9, { messageId: "", state: "sending" });

    expect(listOf(waiting.chatId, middle, [waiting]).messages).toHaveLength(3);
    expect(unreadAfter(middle, timeId(3), ME)).toBeNull();
  });
});

describe("what is shown", () => {
  it("ends with what is being sent, without what has arrived", () => {
    const [arrived, waiting] = [aMessage(2), aMessage(3, { messageId: "", state: "sending" })];
    const shown = listOf(arrived.chatId, list([1, 2]), [arrived, waiting]);

    expect(shown.messages.map((message) => message.createdAt)).toEqual([1, 2, 3]);
  });

  it("does not count unread messages that are not loaded", () => {
    expect(unreadAfter(list([5, 6]), timeId(2), ME)).toBeNull();
    expect(unreadAfter(list([1, 5, 6]), timeId(2), ME)).toBe(2);
  });

  it("has a read tick only when everybody else has read it", () => {
    const mine = aMessage(5, { senderId: ME });
    const members = (marks: readonly (number | null)[]) => [
      { userId: ME, role: null, readMessageId: null },
      ...marks.map((mark, place) => ({ userId: String(place), role: null, readMessageId: mark ? timeId(mark) : null })),
    ];
    const receipt = (marks: readonly (number | null)[]) => receiptOf(mine, { ...chat, members: members(marks) });

    expect([receipt([4, 5]), receipt([5, 7]), receipt([null])]).toEqual(["sent", "read", "sent"]);
  });
});

const chat = {
  ...{ chatId: "c", kind: "group" as const, title: "", description: "", avatarUrl: null, peerId: null },
  ...{ lastMessage: null, unreadCount: 0, lastActivityAt: 0 },
};
