/** Merges pages, live messages and changes into a chat's loaded messages. Pure. */

import { compareIds, isNewer } from "@/lib/ids";
import type { Message, Reaction } from "@/lib/types";
import { type LoadedMessages, NOT_LOADED } from "./model";
import { isUnread } from "./reading";

/** Return the list with a message inserted by id. A message already in it stays: it may have changed since. */
export function insert(items: readonly Message[], message: Message): readonly Message[] {
  const last = items.at(-1);
  if (last === undefined || compareIds(message.messageId, last.messageId) > 0) return [...items, message];
  const index = items.findLastIndex((item) => compareIds(item.messageId, message.messageId) <= 0);
  if (items[index]?.messageId === message.messageId) return items;
  return items.toSpliced(index + 1, 0, message);
}

/** Return the list with one message changed, or removed if `change` returns null. The same list if nothing changes. */
export function changeMessage(
  items: readonly Message[],
  messageId: string,
  change: (message: Message) => Message | null,
): readonly Message[] {
  const index = items.findLastIndex((item) => item.messageId === messageId);
  const before = items[index];
  if (before === undefined) return items;
  const after = change(before);
  if (after === before) return items;
  return after === null ? items.toSpliced(index, 1) : items.with(index, after);
}

/** Return the list with a live message; unchanged if other messages lie between the two. */
export function withLive(list: LoadedMessages, message: Message): LoadedMessages {
  const last = list.items.at(-1);
  if (list.hasNewer && last && compareIds(message.messageId, last.messageId) > 0) return list;
  const items = insert(list.items, message);
  return items === list.items ? list : { ...list, items };
}

/** Return the newest page of the server. Older loaded messages stay if they connect to it. */
export function withNewestPage(
  before: LoadedMessages | undefined,
  page: readonly Message[],
  hasOlder: boolean,
): LoadedMessages {
  const first = page[0];
  const joined = before?.status === "ready" && first && before.items.some((m) => m.messageId === first.messageId);
  const older = joined ? before.items.filter((m) => compareIds(m.messageId, first.messageId) < 0) : [];
  return {
    ...NOT_LOADED,
    items: [...older, ...page],
    status: "ready",
    hasOlder: older.length > 0 && before ? before.hasOlder : hasOlder,
    part: before?.part ?? 0,
  };
}

/** Replace the loaded messages by another part of the chat. */
export function withPart(
  before: LoadedMessages | undefined,
  items: readonly Message[],
  has: Pick<LoadedMessages, "hasOlder" | "hasNewer">,
): LoadedMessages {
  return { ...NOT_LOADED, ...has, items, status: "ready", part: (before?.part ?? 0) + 1 };
}

export function withOlderPage(before: LoadedMessages, page: readonly Message[], hasOlder: boolean): LoadedMessages {
  const first = before.items[0];
  const older = first ? page.filter((message) => compareIds(message.messageId, first.messageId) < 0) : page;
  return { ...before, items: [...older, ...before.items], hasOlder, loadingOlder: false };
}

export function withNewerPage(before: LoadedMessages, page: readonly Message[], hasNewer: boolean): LoadedMessages {
  const last = before.items.at(-1);
  const newer = last ? page.filter((message) => compareIds(message.messageId, last.messageId) > 0) : page;
  return { ...before, items: [...before.items, ...newer], hasNewer, loadingNewer: false };
}

/**
 * Apply an edit unless the message has it, has a newer one, or was deleted.
 *
 * A message kept on the device by an older version of the client has no `editId`.
 */
export function edited(message: Message, text: string, editedAt: number, editId: string): Message {
  if (message.deletedForEveryone || !isNewer(editId, message.editId ?? null)) return message;
  return { ...message, text, editedAt, editId };
}

export function deletedForEveryone(message: Message): Message {
  if (message.deletedForEveryone) return message;
  return { ...message, text: "", attachments: [], reactions: [], deletedForEveryone: true };
}

export function reacted(message: Message, reaction: Reaction, present: boolean): Message {
  if (message.deletedForEveryone) return message;
  const same = (other: Reaction) => other.userId === reaction.userId && other.emoji === reaction.emoji;
  const isPresent = message.reactions.some(same);
  if (isPresent === present) return message;
  const others = message.reactions.filter((other) => !same(other));
  return { ...message, reactions: present ? [...others, reaction] : others };
}

/** Count the unread messages after a read mark; null if the list does not reach from the mark to the newest. */
export function unreadAfter(list: LoadedMessages | undefined, mark: string, me: string): number | null {
  if (!list || list.hasNewer || !reachesBackTo(list, mark)) return null;
  return list.items.filter((message) => isUnread(message, mark, me)).length;
}

/** Count the messages that a mark at `end` reads; null if the list does not reach from the mark before it to `end`. */
export function unreadUpTo(
  list: LoadedMessages | undefined,
  mark: string | null,
  end: string,
  me: string,
): number | null {
  const last = list?.items.at(-1);
  if (!list || !last || isNewer(end, last.messageId) || !reachesBackTo(list, mark)) return null;
  return list.items.filter((message) => isUnread(message, mark, me) && !isNewer(message.messageId, end)).length;
}

/** Return whether no message after the read mark is missing at the start of the list. */
export function reachesBackTo({ items, hasOlder }: Pick<LoadedMessages, "items" | "hasOlder">, mark: string | null) {
  const first = items[0];
  return !hasOlder || (first !== undefined && !isNewer(first.messageId, mark));
}

/** Return the newest message before an id, or null if none is loaded. */
export function newestBefore(items: readonly Message[], messageId: string): string | null {
  return items.findLast((item) => compareIds(item.messageId, messageId) < 0)?.messageId ?? null;
}

const indexes = new WeakMap<readonly Message[], ReadonlyMap<string, Message>>();

/** Find a message of a list by id. The index is built once per list. */
export function findIn(items: readonly Message[], messageId: string): Message | undefined {
  let index = indexes.get(items);
  if (index === undefined) indexes.set(items, (index = new Map(items.map((message) => [message.messageId, message]))));
  return index.get(messageId);
}
