/** Builds the rows of a conversation: messages, days, and the line before the first unread message. Pure. */

import { isUnread } from "@/lib/state/reading";
import type { Message, MessageId, UserId } from "@/lib/types";

export type Row =
  | { readonly kind: "day"; readonly key: string; readonly at: number }
  | { readonly kind: "unread"; readonly key: string }
  | {
      readonly kind: "message";
      readonly key: string;
      readonly message: Message;
      /** Position in a run of messages by one sender: the first shows the name, the last the picture. */
      readonly first: boolean;
      readonly last: boolean;
    };

/** The read mark when the chat was opened; `all` if nothing was unread. `upTo` is null if nothing was read. */
export type ReadMark = { readonly upTo: MessageId | null } | "all";

const RUN_MS = 5 * 60_000;

export function buildRows(messages: readonly Message[], me: UserId, mark: ReadMark): readonly Row[] {
  const firstUnread = mark === "all" ? -1 : messages.findIndex((message) => isUnread(message, mark.upTo, me));
  const rows: Row[] = [];
  let day: Day | null = null;
  let inRun = false;
  messages.forEach((message, index) => {
    const after = messages[index + 1];
    if (day === null || !isOn(day, message)) {
      day = dayOf(message);
      rows.push({ kind: "day", key: `day-${new Date(message.createdAt).toDateString()}`, at: message.createdAt });
    }
    if (index === firstUnread) rows.push({ kind: "unread", key: "unread" });
    const first = !inRun;
    inRun = after !== undefined && index + 1 !== firstUnread && isOneRun(message, after, day);
    rows.push({ kind: "message", key: message.key, message, first, last: !inRun });
  });
  return rows;
}

/** A day in this device's time zone. Computed once per day of messages, because calendar functions are slow. */
interface Day {
  readonly begins: number;
  readonly ends: number;
}

function dayOf({ createdAt }: Message): Day {
  return { begins: new Date(createdAt).setHours(0, 0, 0, 0), ends: new Date(createdAt).setHours(24, 0, 0, 0) };
}

function isOn(day: Day, { createdAt }: Message): boolean {
  return createdAt >= day.begins && createdAt < day.ends;
}

function isOneRun(before: Message, after: Message, day: Day): boolean {
  return before.senderId === after.senderId && after.createdAt - before.createdAt < RUN_MS && isOn(day, after);
}
