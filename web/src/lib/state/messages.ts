/** A chat's loaded messages: merging pages, live ones and changes of them. Pure. */

import { compareIds, isNewer } from "@/lib/ids";
import type { Message, Reaction } from "@/lib/types";
import { type LoadedMessages, NOT_LOADED } from "./model";

/** The list with a message in its place; one that is there already stays as it is, for it may have been changed since. */
export function insert(items: readonly Message[], message: Message): readonly Message[] {
  const last = items.at(-1);
  if (last === undefined || compareIds(message.messageId, last.messageId) > 0) return [...items, message];
  const place = items.findLastIndex((item) => compareIds(item.messageId, message.messageId) <= 0);
  if (items[place]?.messageId === message.messageId) return items;
  return items.toSpliced(place + 1, 0, message);
}

/** The list with one message changed; `null` from `change` takes it out. The same list if it is not there or stays. */
export function changeMessage(
  items: readonly Message[],
  messageId: string,
  change: (message: Message) => Message | null,
): readonly Message[] {
  const place = items.findLastIndex((item) => item.messageId === messageId);
  const before = items[place];
  if (before === undefined) return items;
  const after = change(before);
  if (after === before) return items;
  return after === null ? items.toSpliced(place, 1) : items.with(place, after);
}

/** A message that comes live; not where something lies between it and what is loaded. */
export function withLive(list: LoadedMessages, message: Message): LoadedMessages {
  const last = list.items.at(-1);
  if (list.hasNewer && last && compareIds(message.messageId, last.messageId) > 0) return list;
  const items = insert(list.items, message);
  return items === list.items ? list : { ...list, items };
}

/** The newest page as the server sees it now. Older ones loaded before stay only if nothing lies between. */
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

/** Another part of the chat instead of what was loaded. */
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

/** An edit, unless a newer one or a deletion is there. */
export function edited(message: Message, text: string, editedAt: number): Message {
  if (message.deletedForEveryone || (message.editedAt ?? 0) >= editedAt) return message;
  return { ...message, text, editedAt };
}

export function deletedForEveryone(message: Message): Message {
  if (message.deletedForEveryone) return message;
  return { ...message, text: "", attachments: [], reactions: [], deletedForEveryone: true };
}

export function reacted(message: Message, reaction: Reaction, present: boolean): Message {
  if (message.deletedForEveryone) return message;
  const same = (other: Reaction) => other.userId === reaction.userId && other.emoji === reaction.emoji;
  const there = message.reactions.some(same);
  if (there === present) return message;
  const others = message.reactions.filter((other) => !same(other));
  return { ...message, reactions: present ? [...others, reaction] : others };
}

/** How many of the list a reader has not read; null if the list does not reach from their mark to the newest. */
export function unreadAfter(list: LoadedMessages | undefined, mark: string, me: string): number | null {
  const first = list?.items[0];
  if (!list || list.hasNewer || (first && isNewer(first.messageId, mark) && list.hasOlder)) return null;
  return list.items.filter((message) => message.senderId !== me && isNewer(message.messageId, mark)).length;
}

const indexes = new WeakMap<readonly Message[], ReadonlyMap<string, Message>>();

/** A message of a list by its id; the index is made once for each list. */
export function findIn(items: readonly Message[], messageId: string): Message | undefined {
  let index = indexes.get(items);
  if (index === undefined) indexes.set(items, (index = new Map(items.map((message) => [message.messageId, message]))));
  return index.get(messageId);
}
