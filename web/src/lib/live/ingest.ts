/** Where changes enter a tab's state: each once, and again over a listing that was on its way meanwhile. */

import { applyChange } from "@/lib/state/apply";
import type { State } from "@/lib/state/model";
import type { Store } from "@/lib/state/store";
import type { ChatId, UserId } from "@/lib/types";
import type { Change } from "./changes";

/** Repeats come from replays and from a change of leader: both are short. */
const REMEMBERED = 5_000;

export interface IngestOptions {
  readonly store: Store<State>;
  readonly me: UserId;
  /** A chat is not known fully: its details are to be asked for. */
  readonly onIncomplete: (chatId: ChatId) => void;
}

export class Ingest {
  readonly #options: IngestOptions;
  readonly #seen = new Set<string>();
  #log: Change[] = [];
  /** How many entries were ever cut off the log. */
  #forgotten = 0;

  constructor(options: IngestOptions) {
    this.#options = options;
  }

  /** Applies changes in one step; those seen before are left out. */
  take(changes: readonly Change[]): void {
    const fresh = changes.filter((change) => this.#isNew(change));
    if (fresh.length === 0) return;
    this.#log.push(...fresh);
    const { store, me } = this.#options;
    const before = store.get();
    store.update((state) => fresh.reduce((next, change) => applyChange(next, change, me), state));
    this.#trim();
    for (const chatId of incomplete(fresh, before, store.get(), me)) this.#options.onIncomplete(chatId);
  }

  /** A place in what came, to be given to `over` when the answer to a question asked now is there. */
  mark(): number {
    return this.#forgotten + this.#log.length;
  }

  /** The state with what came since the mark applied over an answer that may not know of it. */
  over(mark: number, state: State): State {
    const since = this.#log.slice(Math.max(0, mark - this.#forgotten));
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
      this.#forgotten += surplus;
    }
    for (const eventId of this.#seen) {
      if (this.#seen.size <= REMEMBERED) return;
      this.#seen.delete(eventId);
    }
  }
}

/** Groups that appeared, or whose messages came first; and chats whose newest message went without another to show. */
function incomplete(changes: readonly Change[], before: State, after: State, me: UserId): Set<ChatId> {
  const ids = new Set<ChatId>();
  for (const change of changes) {
    const chat = after.chats.get(change.chatId);
    const left = change.kind === "member" && change.userId === me && change.role === null;
    if (left || change.kind === "typing") continue;
    const gone = change.kind === "deleted" && chat?.lastMessage === null;
    const joined = change.kind === "chat" && !before.chats.has(change.chatId);
    if (!chat || gone || joined) ids.add(change.chatId);
  }
  return ids;
}
