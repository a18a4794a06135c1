/** Pages of messages of the chats that are looked at: the newest, older ones, and parts from the middle. */

import { ListDirection } from "@/gen/chatly/messaging/v1/messaging_service_pb";
import type { Cache } from "./browser/cache";
import type { Ingest } from "./live/ingest";
import type { Clients } from "./rpc/clients";
import { messageOf } from "./rpc/mapping";
import { findIn, withNewerPage, withNewestPage, withOlderPage, withPart } from "./state/messages";
import { type LoadedMessages, newest, NOT_LOADED, type State, withEntry, withoutEntry } from "./state/model";
import type { Store } from "./state/store";
import type { ChatId, Message, MessageId } from "./types";

const PAGE = 50;
const LARGEST_PAGE = 200;
/** On each side of a message that is jumped to. */
const HALF_PAGE = 25;
/** Chats whose messages stay in memory after they were looked at. */
const LISTS_KEPT = 20;
const QUOTES_KEPT = 200;

export interface MessageLoaderOptions {
  readonly clients: Clients;
  readonly store: Store<State>;
  readonly ingest: Ingest;
  readonly cache: Cache;
  readonly signal: AbortSignal;
}

export class MessageLoader {
  readonly #options: MessageLoaderOptions;
  readonly #onFailure: () => void;
  readonly #watched = new Map<ChatId, number>();
  /** Chats whose list may lack something, because asking for it failed. */
  readonly #stale = new Set<ChatId>();
  readonly #asked = new Set<MessageId>();
  /** Lets go of older and newer pages that failed, so that the view may want them again. */
  #putOff: (() => void)[] = [];

  /** `onFailure`: something is to be asked for again. */
  constructor(options: MessageLoaderOptions, onFailure: () => void) {
    this.#options = options;
    this.#onFailure = onFailure;
  }

  /** Keeps a chat's messages loaded until the returned function is called. */
  watch(chatId: ChatId): () => void {
    this.#watched.set(chatId, (this.#watched.get(chatId) ?? 0) + 1);
    const list = this.#options.store.get().messages.get(chatId);
    if (list?.status !== "ready" || this.#stale.has(chatId)) void this.#open(chatId);
    return () => this.#unwatch(chatId);
  }

  /** What was told may have a gap: what is shown is asked for anew, what is not shown is forgotten. */
  refresh(): void {
    this.#options.store.update((state) => ({
      ...state,
      messages: new Map([...state.messages].filter(([chatId]) => this.#watched.has(chatId))),
    }));
    for (const chatId of this.#watched.keys()) void this.reload(chatId);
  }

  retry(): void {
    const putOff = this.#putOff;
    this.#putOff = [];
    for (const letGo of putOff) letGo();
    const { messages } = this.#options.store.get();
    for (const chatId of this.#watched.keys()) {
      if (messages.get(chatId)?.status !== "ready" || this.#stale.has(chatId)) void this.reload(chatId);
    }
  }

  /** Asks anew for the part that is shown. */
  async reload(chatId: ChatId): Promise<void> {
    const list = this.#options.store.get().messages.get(chatId);
    const middle = list?.hasNewer ? list.items[Math.floor(list.items.length / 2)] : undefined;
    if (middle === undefined) return this.showNewest(chatId);
    await this.#showMiddle(chatId, middle.messageId).catch(() => this.#failed(chatId));
  }

  /** The newest messages, whatever part was shown. */
  async showNewest(chatId: ChatId): Promise<void> {
    const { clients, store, ingest } = this.#options;
    const list = store.get().messages.get(chatId);
    const pageSize = Math.min(LARGEST_PAGE, Math.max(PAGE, list?.items.length ?? 0));
    try {
      const mark = ingest.mark();
      const page = await clients.messaging.listMessages({ chatId, pageSize });
      const items = page.messages.map(messageOf);
      this.#stale.delete(chatId);
      const hasOlder = page.nextPageToken !== "";
      // Who was elsewhere in the chat is brought to its end, even if the page meets the part that was shown.
      this.#put(chatId, mark, (before) =>
        list?.hasNewer
          ? withPart(before, items, { hasOlder, hasNewer: false })
          : withNewestPage(before, items, hasOlder),
      );
    } catch {
      this.#failed(chatId);
    }
  }

  /** Makes sure that a message is loaded, with what stands around it; rejects if it is gone or cannot be asked for. */
  async showMessage(chatId: ChatId, messageId: MessageId): Promise<void> {
    const items = this.#options.store.get().messages.get(chatId)?.items ?? [];
    if (!findIn(items, messageId)) await this.#showMiddle(chatId, messageId);
  }

  async loadOlder(chatId: ChatId): Promise<void> {
    const { clients, store } = this.#options;
    const list = store.get().messages.get(chatId);
    const first = list?.items[0];
    if (!first || list.status !== "ready" || !list.hasOlder || list.loadingOlder) return;
    this.#change(chatId, (before) => ({ ...before, loadingOlder: true }));
    try {
      const asked = { chatId, pageSize: PAGE, startMessageId: first.messageId };
      const page = await clients.messaging.listMessages(asked);
      const older = page.messages.map(messageOf);
      this.#change(chatId, (before) =>
        before.part === list.part ? withOlderPage(before, older, page.nextPageToken !== "") : before,
      );
    } catch {
      this.#tryLater(chatId, list.part, { loadingOlder: false });
    }
  }

  async loadNewer(chatId: ChatId): Promise<void> {
    const { clients, store, ingest } = this.#options;
    const list = store.get().messages.get(chatId);
    const last = list?.items.at(-1);
    if (!list || !last || list.status !== "ready" || !list.hasNewer || list.loadingNewer) return;
    this.#change(chatId, (before) => ({ ...before, loadingNewer: true }));
    try {
      const mark = ingest.mark();
      const asked = { chatId, pageSize: PAGE, startMessageId: last.messageId, direction: ListDirection.FORWARD };
      const page = await clients.messaging.listMessages(asked);
      const newer = page.messages.map(messageOf);
      this.#put(chatId, mark, (before) =>
        before?.part === list.part ? withNewerPage(before, newer, page.nextPageToken !== "") : (before ?? NOT_LOADED),
      );
    } catch {
      this.#tryLater(chatId, list.part, { loadingNewer: false });
    }
  }

  /** A message for a quote; asked for once. */
  async needMessage(chatId: ChatId, messageId: MessageId): Promise<void> {
    const { clients, store } = this.#options;
    if (this.#asked.has(messageId)) return;
    this.#asked.add(messageId);
    const put = (message: Message | null) =>
      store.update((s) => ({ ...s, quoted: newest(withEntry(s.quoted, messageId, message), QUOTES_KEPT) }));
    try {
      const { message } = await clients.messaging.getMessage({ chatId, messageId });
      put(message ? messageOf(message) : null);
    } catch {
      put(null);
    } finally {
      this.#asked.delete(messageId);
    }
  }

  async #showMiddle(chatId: ChatId, messageId: MessageId): Promise<void> {
    const { messaging } = this.#options.clients;
    const mark = this.#options.ingest.mark();
    const around = { chatId, pageSize: HALF_PAGE, startMessageId: messageId };
    const [{ message }, older, newer] = await Promise.all([
      messaging.getMessage({ chatId, messageId }),
      messaging.listMessages(around),
      messaging.listMessages({ ...around, direction: ListDirection.FORWARD }),
    ]);
    if (!message) return;
    const items = [...older.messages, message, ...newer.messages].map(messageOf);
    const has = { hasOlder: older.nextPageToken !== "", hasNewer: newer.nextPageToken !== "" };
    this.#stale.delete(chatId);
    this.#put(chatId, mark, (before) => withPart(before, items, has));
  }

  async #open(chatId: ChatId): Promise<void> {
    void this.#showCached(chatId).catch(() => undefined);
    await this.reload(chatId);
  }

  async #showCached(chatId: ChatId): Promise<void> {
    const items = await this.#options.cache.messages(chatId);
    if (items.length === 0) return;
    // Also after a failure: without a network the question fails before storage has opened.
    this.#change(chatId, (list) => (list.status !== "ready" && list.items.length === 0 ? { ...list, items } : list));
  }

  #unwatch(chatId: ChatId): void {
    const left = (this.#watched.get(chatId) ?? 1) - 1;
    if (left > 0) return void this.#watched.set(chatId, left);
    this.#watched.delete(chatId);
    this.#options.store.update((state) => {
      const list = state.messages.get(chatId);
      if (!list) return state;
      const others = withoutEntry(state.messages, chatId);
      // Who comes back to a chat wants its newest messages.
      if (list.hasNewer) return { ...state, messages: others };
      // Put last, so that the first ones are those not looked at for longest; long lists are cut back to a page.
      const kept =
        list.items.length > LARGEST_PAGE ? { ...list, items: list.items.slice(-PAGE), hasOlder: true } : list;
      return { ...state, messages: newest(withEntry(others, chatId, kept), LISTS_KEPT) };
    });
  }

  #failed(chatId: ChatId): void {
    this.#stale.add(chatId);
    this.#change(chatId, (list) => (list.status === "ready" ? list : { ...list, status: "failed" }));
    this.#onFailure();
  }

  /** Until then the page counts as being loaded: who wants it does not ask again and again. */
  #tryLater(chatId: ChatId, part: number, letGo: Partial<LoadedMessages>): void {
    this.#putOff.push(() =>
      this.#change(chatId, (before) => (before.part === part ? { ...before, ...letGo } : before)),
    );
    this.#onFailure();
  }

  /** Puts what was answered into the state, and over it what came live since the mark. */
  #put(chatId: ChatId, mark: number, change: (before: LoadedMessages | undefined) => LoadedMessages): void {
    const { store, ingest } = this.#options;
    store.update((state) => {
      const list = change(state.messages.get(chatId));
      return ingest.over(mark, { ...state, messages: withEntry(state.messages, chatId, list) });
    });
  }

  #change(chatId: ChatId, change: (list: LoadedMessages) => LoadedMessages): void {
    this.#options.store.update((state) => {
      const before = state.messages.get(chatId) ?? NOT_LOADED;
      const after = change(before);
      return after === before ? state : { ...state, messages: withEntry(state.messages, chatId, after) };
    });
  }
}
