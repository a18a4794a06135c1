import { describe, expect, it } from "vitest";
import type { Message } from "@/lib/types";
import { buildRows } from "./rows";

const NOON = new Date(2026, 4, 4, 12).getTime();
const MINUTE = 60_000;

/** Return a TimeUUID that sorts by `order`. */
const idOf = (order: number) => `${order.toString(16).padStart(8, "0")}-0000-1000-8000-000000000000`;

function message(order: number, over: Partial<Message> = {}): Message {
  return {
    key: `k${order}`,
    messageId: idOf(order),
    clientMessageId: `c${order}`,
    chatId: "a_b",
    senderId: "a",
    text: "hi",
    replyToMessageId: null,
    attachments: [],
    reactions: [],
    createdAt: NOON + order * MINUTE,
    editedAt: null,
    editId: null,
    deletedForEveryone: false,
    state: "sent",
    failure: null,
    ...over,
  };
}

const shape = (...args: Parameters<typeof buildRows>) =>
  buildRows(...args).map((row) => (row.kind === "message" ? row.key : row.kind));

describe("the rows of a conversation", () => {
  it("start with the day, and show each day once", () => {
    const next = message(3, { createdAt: NOON + 24 * 60 * MINUTE });
    expect(shape([message(1), message(2), next], "me", "all")).toEqual(["day", "k1", "k2", "day", "k3"]);
  });

  it("have one line before the first unread message", () => {
    expect(shape([message(1), message(2), message(3)], "me", { upTo: idOf(1) })).toEqual([
      "day",
      "k1",
      "unread",
      "k2",
      "k3",
    ]);
  });

  it("have no such line before own messages", () => {
    const own = { senderId: "me" };
    expect(shape([message(1), message(2, own), message(3)], "me", { upTo: idOf(1) })).toEqual([
      "day",
      "k1",
      "k2",
      "unread",
      "k3",
    ]);
  });

  it("join messages that one sender wrote within a few minutes", () => {
    const rows = buildRows([message(1), message(2), message(20), message(21, { senderId: "b" })], "me", "all");
    const ends = rows.flatMap((row) => (row.kind === "message" ? [[row.first, row.last]] : []));
    expect(ends).toEqual([
      [true, false],
      [false, true],
      [true, true],
      [true, true],
    ]);
  });

  it("start a new run at midnight, and at the first unread message", () => {
    const midnight = new Date(2026, 4, 5).getTime();
    const late = message(1, { createdAt: midnight - 1 });
    const early = message(2, { createdAt: midnight });
    const rows = buildRows([late, early, message(3, { createdAt: midnight + MINUTE })], "me", { upTo: idOf(2) });
    expect(rows.map((row) => (row.kind === "message" ? [row.first, row.last] : row.kind))).toEqual([
      "day",
      [true, true],
      "day",
      [true, true],
      "unread",
      [true, true],
    ]);
  });

  it("show a day again when times go back, also across changes of the clock", () => {
    // The first and last minutes of all days of a year: in every time zone with summer time, the clock changes twice.
    const times = Array.from({ length: 366 }, (_, day) => [
      new Date(2026, 0, 1 + day, 0, 0).getTime(),
      new Date(2026, 0, 1 + day, 23, 59).getTime(),
    ]).flat();
    const messages = [...times, times[0] ?? 0].map((createdAt, order) => message(order, { createdAt }));
    const days = buildRows(messages, "me", "all").flatMap((row) => (row.kind === "day" ? [row.at] : []));
    expect(days).toEqual([...times.filter((_, order) => order % 2 === 0), times[0]]);
  });

  describe("with messages that the user may not see", () => {
    const all = { hasOlder: false, hasNewer: false };
    const first = { after: null, through: idOf(1) };
    const gap = { after: idOf(3), through: idOf(5) };

    it("have one line in place of each range", () => {
      const rows = shape([message(2), message(3), message(6)], "me", "all", { ...all, hidden: [first, gap] });
      expect(rows).toEqual(["hidden", "day", "k2", "k3", "hidden", "k6"]);
    });

    it("have a line at the end if nothing was sent since", () => {
      const pending = message(9, { messageId: "" });
      expect(shape([message(3)], "me", "all", { ...all, hidden: [gap] })).toEqual(["day", "k3", "hidden"]);
      expect(shape([message(3), pending], "me", "all", { ...all, hidden: [gap] })).toEqual([
        "day",
        "k3",
        "hidden",
        "k9",
      ]);
    });

    it("have no line where further messages may be loaded", () => {
      const part = { hasOlder: true, hasNewer: true };
      expect(shape([message(2), message(3)], "me", "all", { ...part, hidden: [first, gap] })).toEqual([
        "day",
        "k2",
        "k3",
      ]);
    });

    it("begin a new run after the line", () => {
      const rows = buildRows([message(3), message(6)], "me", "all", { ...all, hidden: [gap] });
      expect(rows.filter((row) => row.kind === "message").map(({ first }) => first)).toEqual([true, true]);
    });
  });
});
