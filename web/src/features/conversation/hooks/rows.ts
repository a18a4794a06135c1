/** Builds the rows of a conversation: messages, days, and the line before the first unread message. Pure. */

import { isNewer } from "@/lib/ids";
import { isUnread } from "@/lib/state/reading";
import type { HiddenRange, Message, MessageId, UserId } from "@/lib/types";

export type Row =
  | { readonly kind: "day"; readonly key: string; readonly at: number }
  | { readonly kind: "unread"; readonly key: string }
  /** In place of messages that the user may not see. */
  | { readonly kind: "hidden"; readonly key: string }
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

export interface Surroundings {
  readonly hidden: readonly HiddenRange[];
  /** The messages do not begin with the first one that the user may see. */
  readonly hasOlder: boolean;
  readonly hasNewer: boolean;
}

const NOTHING_HIDDEN: Surroundings = { hidden: [], hasOlder: false, hasNewer: false };

export function buildRows(
  messages: readonly Message[],
  me: UserId,
  mark: ReadMark,
  { hidden, hasOlder, hasNewer }: Surroundings = NOTHING_HIDDEN,
): readonly Row[] {
  const firstUnread = mark === "all" ? -1 : messages.findIndex((message) => isUnread(message, mark.upTo, me));
  const rows: Row[] = [];
  let day: Day | null = null;
  let inRun = false;
  messages.forEach((message, index) => {
    const before = messages[index - 1];
    const after = messages[index + 1];
    if ((before !== undefined || !hasOlder) && hidesBetween(hidden, before, message))
      rows.push({ kind: "hidden", key: `hidden-${message.key}` });
    if (day === null || !isOn(day, message)) {
      day = dayOf(message);
      rows.push({ kind: "day", key: `day-${new Date(message.createdAt).toDateString()}`, at: message.createdAt });
    }
    if (index === firstUnread) rows.push({ kind: "unread", key: "unread" });
    const first = !inRun;
    inRun =
      after !== undefined &&
      index + 1 !== firstUnread &&
      isOneRun(message, after, day) &&
      !hidesBetween(hidden, message, after);
    rows.push({ kind: "message", key: message.key, message, first, last: !inRun });
  });
  if (!hasNewer && messages.length > 0 && hidesBetween(hidden, messages.at(-1), undefined))
    rows.push({ kind: "hidden", key: "hidden-end" });
  return rows;
}

/** Return whether a range ends between two messages. Messages that are being sent are the newest ones. */
function hidesBetween(
  hidden: readonly HiddenRange[],
  before: Message | undefined,
  after: Message | undefined,
): boolean {
  if (hidden.length === 0 || before?.messageId === "") return false;
  return hidden.some(
    ({ through }) =>
      isNewer(through, before?.messageId ?? null) &&
      (after === undefined || after.messageId === "" || isNewer(after.messageId, through)),
  );
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
