/** Applies changes to a tab's state: each once, and again over a response that was requested before them. */

import { applyChange } from "@/lib/state/apply";
import { unreadAfter } from "@/lib/state/messages";
import type { State } from "@/lib/state/model";
import { readingStart } from "@/lib/state/reading";
import type { Store } from "@/lib/state/store";
import type { Chat, ChatId, UserId } from "@/lib/types";
import type { Change } from "./changes";

/** Repeats come from replays and from a new leader; both are short. */
const REMEMBERED = 5_000;

export interface IngestOptions {
  readonly store: Store<State>;
  readonly me: UserId;
  /** The details of this chat are missing: load them. */
  readonly onIncomplete: (chatId: ChatId) => void;
}

export class Ingest {
  readonly #options: IngestOptions;
  readonly #seen = new Set<string>();
  #log: Change[] = [];
  /** The position of the log's first entry: how many entries were removed before it. */
  #start = 0;

  constructor(options: IngestOptions) {
    this.#options = options;
  }

  /** Apply changes in one update; skip those already seen. */
  apply(changes: readonly Change[]): void {
    const fresh = changes.filter((change) => this.#isNew(change));
    if (fresh.length === 0) return;
    this.#log.push(...fresh);
    const { store, me } = this.#options;
    const before = store.get();
    store.update((state) => fresh.reduce((next, change) => applyChange(next, change, me), state));
    this.#trim();
    for (const chatId of incompleteChats(fresh, before, store.get(), me)) this.#options.onIncomplete(chatId);
  }

  /** Return the position behind the newest change. Take it before a request, for `applySince`. */
  position(): number {
    return this.#start + this.#log.length;
  }

  /** Return the state with the changes since `position`, which a response requested there may lack. */
  applySince(position: number, state: State): State {
    const since = this.#log.slice(Math.max(0, position - this.#start));
    return since.reduce((next, change) => applyChange(next, change, this.#options.me), state);
  }

  #isNew({ eventId }: Change): boolean {
    if (eventId === "") return true;
    if (this.#seen.has(eventId)) return false;
    this.#seen.add(eventId);
    return true;
  }

  #trim(): void {
    const surplus = this.#log.length - REMEMBERED;
    if (surplus > 0) {
      this.#log = this.#log.slice(surplus);
      this.#start += surplus;
    }
    for (const eventId of this.#seen) {
      if (this.#seen.size <= REMEMBERED) return;
      this.#seen.delete(eventId);
    }
  }
}

/**
 * Return new groups, groups that a message arrived for first, chats whose newest message was removed, and chats whose
 * unread messages cannot be counted after a new read mark.
 */
function incompleteChats(changes: readonly Change[], before: State, after: State, me: UserId): Set<ChatId> {
  const ids = new Set<ChatId>();
  for (const change of changes) {
    const chat = after.chats.get(change.chatId);
    const left = change.kind === "member" && change.userId === me && change.role === null;
    if (left || change.kind === "typing") continue;
    const lostPreview = change.kind === "deleted" && chat?.lastMessage === null;
    const joined = change.kind === "chat" && !before.chats.has(change.chatId);
    const lostCount = isOwnMark(change, me) && chat !== undefined && !isCounted(after, chat, me);
    if (!chat || lostPreview || joined || lostCount) ids.add(change.chatId);
  }
  return ids;
}

/** Return whether the server has a new read mark of the user. A mark of this tab without an event is not sent yet. */
function isOwnMark(change: Change, me: UserId): boolean {
  return change.kind === "read" && change.userId === me && change.eventId !== "";
}

function isCounted({ messages }: State, chat: Chat, me: UserId): boolean {
  const start = readingStart(chat, me);
  return chat.unreadCount === 0 || (start !== null && unreadAfter(messages.get(chat.chatId), start, me) !== null);
}
