/** The lines of a conversation: messages, the days between them, and where the unread ones begin. Pure. */

import { daysBetween } from "@/i18n/format";
import { isNewer } from "@/lib/ids";
import type { Message, MessageId, UserId } from "@/lib/types";

export type Row =
  | { readonly kind: "day"; readonly key: string; readonly at: number }
  | { readonly kind: "unread"; readonly key: string }
  | {
      readonly kind: "message";
      readonly key: string;
      readonly message: Message;
      /** Of a run by one sender: the first shows the name, the last the picture. */
      readonly first: boolean;
      readonly last: boolean;
    };

/** How far was read when the chat was opened: `upTo` null if nothing; `all` when nothing was unread. */
export type ReadMark = { readonly upTo: MessageId | null } | "all";

const RUN_MS = 5 * 60_000;

export function buildRows(messages: readonly Message[], me: UserId, mark: ReadMark): readonly Row[] {
  const firstUnread = messages.findIndex((message) => isUnread(message, me, mark));
  const rows: Row[] = [];
  messages.forEach((message, index) => {
    const before = messages[index - 1];
    const after = messages[index + 1];
    if (!before || daysBetween(before.createdAt, message.createdAt) !== 0) {
      rows.push({ kind: "day", key: `day-${new Date(message.createdAt).toDateString()}`, at: message.createdAt });
    }
    if (index === firstUnread) rows.push({ kind: "unread", key: "unread" });
    rows.push({
      kind: "message",
      key: message.key,
      message,
      first: !before || index === firstUnread || !isOneRun(before, message),
      last: !after || index + 1 === firstUnread || !isOneRun(message, after),
    });
  });
  return rows;
}

function isUnread(message: Message, me: UserId, mark: ReadMark): boolean {
  if (mark === "all" || message.senderId === me || message.messageId === "") return false;
  return isNewer(message.messageId, mark.upTo);
}

function isOneRun(before: Message, after: Message): boolean {
  return (
    before.senderId === after.senderId &&
    after.createdAt - before.createdAt < RUN_MS &&
    daysBetween(before.createdAt, after.createdAt) === 0
  );
}
