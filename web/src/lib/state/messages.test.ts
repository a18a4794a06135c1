import { describe, expect, it } from "vitest";
import { aMessage, ME, timeId } from "@/testing/builders";
import { type LoadedMessages, NOT_LOADED } from "./model";
import type { User } from "@/lib/types";
import {
  newestBefore,
  unreadAfter,
  withLive,
  withNewerPage,
  withNewestPage,
  withOlderPage,
  withPart,
} from "./messages";
import { listOf, receiptOf } from "./selectors";

const page = (...ticks: readonly number[]) => ticks.map((tick) => aMessage(tick));
const list = (ticks: readonly number[], more: Partial<LoadedMessages> = {}): LoadedMessages => ({
  ...NOT_LOADED,
  items: page(...ticks),
  status: "ready",
  hasOlder: true,
  ...more,
});
const ids = (loaded: LoadedMessages) => loaded.items.map((message) => message.createdAt);

describe("pages", () => {
  it("are joined with loaded messages that they overlap", () => {
    expect(ids(withNewestPage(list([1, 2, 3]), page(3, 4, 5), true))).toEqual([1, 2, 3, 4, 5]);
  });

  it("replace loaded messages when others may lie between", () => {
    const joined = withNewestPage(list([1, 2], { hasOlder: false }), page(4, 5), true);

    expect(ids(joined)).toEqual([4, 5]);
    expect(joined.hasOlder).toBe(true);
  });

  it("replace cached messages", () => {
    expect(ids(withNewestPage(list([1, 2, 3], { status: "cached" }), page(3, 4), false))).toEqual([3, 4]);
  });

  it("of older messages are put in front, each message once", () => {
    expect(ids(withOlderPage(list([3, 4]), page(1, 2, 3), false))).toEqual([1, 2, 3, 4]);
  });
});

describe("the newest message before an id", () => {
  it("is known if it is loaded", () => {
    expect(newestBefore(page(1, 2, 4), timeId(3))).toBe(timeId(2));
    expect(newestBefore(page(1, 2, 4), timeId(4))).toBe(timeId(2));
    expect(newestBefore(page(1, 2, 4), timeId(1))).toBeNull();
  });
});

describe("a part from the middle", () => {
  const middle = list([3, 4, 5], { hasNewer: true });

  it("does not take live messages, because others lie between", () => {
    expect(withLive(middle, aMessage(9))).toBe(middle);
    expect(ids(withLive({ ...middle, hasNewer: false }, aMessage(9)))).toEqual([3, 4, 5, 9]);
  });

  it("grows at its end, each message once, up to the newest", () => {
    const grown = withNewerPage(middle, page(5, 6, 7), false);

    expect(ids(grown)).toEqual([3, 4, 5, 6, 7]);
    expect(grown.hasNewer).toBe(false);
  });

  it("replaces the shown part, even if the two overlap", () => {
    const jumped = withPart(list([8, 9]), page(3, 4, 8), { hasOlder: true, hasNewer: true });

    expect([jumped.part, jumped.hasNewer, ids(jumped)]).toEqual([1, true, [3, 4, 8]]);
  });

  it("shows no pending messages, and does not count unread ones", () => {
    const waiting = aMessage(9, { messageId: "", state: "sending" });

    expect(listOf(waiting.chatId, middle, [waiting]).messages).toHaveLength(3);
    expect(unreadAfter(middle, timeId(3), ME)).toBeNull();
  });
});

describe("the shown list", () => {
  it("ends with pending messages that have not arrived", () => {
    const [arrived, waiting] = [aMessage(2), aMessage(3, { messageId: "", state: "sending" })];
    const shown = listOf(arrived.chatId, list([1, 2]), [arrived, waiting]);

    expect(shown.messages.map((message) => message.createdAt)).toEqual([1, 2, 3]);
  });

  it("counts unread messages only if all are loaded", () => {
    expect(unreadAfter(list([5, 6]), timeId(2), ME)).toBeNull();
    expect(unreadAfter(list([1, 5, 6]), timeId(2), ME)).toBe(2);
  });

  it("marks a message as read only when all other members have read it", () => {
    const mine = aMessage(5, { senderId: ME });
    const members = (marks: readonly (number | null)[]) => [
      { userId: ME, role: null, readMessageId: null },
      ...marks.map((mark, index) => ({ userId: String(index), role: null, readMessageId: mark ? timeId(mark) : null })),
    ];
    const aUser = (userId: string, deleted: boolean): User => ({
      userId,
      username: userId,
      bio: "",
      avatarMediaId: null,
      avatarUrl: null,
      deleted,
      email: null,
      createdAt: null,
    });
    const users = new Map([aUser("0", false), aUser("1", true)].map((user) => [user.userId, user]));
    const receipt = (marks: readonly (number | null)[], known: ReadonlyMap<string, User> = new Map()) =>
      receiptOf(mine, { ...chat, members: members(marks) }, known);

    expect([receipt([4, 5]), receipt([5, 7]), receipt([null])]).toEqual(["sent", "read", "sent"]);
    // The second account was deleted.
    expect([receipt([5, 4], users), receipt([4, 5], users)]).toEqual(["read", "sent"]);
  });
});

const chat = {
  chatId: "c",
  kind: "group" as const,
  title: "",
  description: "",
  avatarUrl: null,
  peerId: null,
  lastMessage: null,
  unreadCount: 0,
  unreadAfterId: null,
  lastActivityAt: 0,
  historyShared: true,
};
