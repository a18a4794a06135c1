/** Loads pages of messages of the open chats: the newest, older ones, and parts from the middle. */

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
/** Messages loaded on each side of a jump target. */
const HALF_PAGE = 25;
/** Closed chats whose messages stay in memory. */
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
  /** Chats whose list may lack messages, because a request failed. */
  readonly #stale = new Set<ChatId>();
  readonly #requested = new Set<MessageId>();
  /** Clear the loading flag of failed pages, so that the view may request them again. */
  #clearLoading: (() => void)[] = [];

  /** `onFailure` is called when `retry` should be called later. */
  constructor(options: MessageLoaderOptions, onFailure: () => void) {
    this.#options = options;
    this.#onFailure = onFailure;
  }

  /** Keep a chat's messages loaded until the returned function is called. */
  watch(chatId: ChatId): () => void {
    this.#watched.set(chatId, (this.#watched.get(chatId) ?? 0) + 1);
    const list = this.#options.store.get().messages.get(chatId);
    if (list?.status !== "ready" || this.#stale.has(chatId)) void this.#open(chatId);
    return () => this.#unwatch(chatId);
  }

  /** Reload the open chats and drop the rest, because changes may be missing. */
  refresh(): void {
    this.#options.store.update((state) => ({
      ...state,
      messages: new Map([...state.messages].filter(([chatId]) => this.#watched.has(chatId))),
    }));
    for (const chatId of this.#watched.keys()) void this.reload(chatId);
  }

  retry(): void {
    const clearLoading = this.#clearLoading;
    this.#clearLoading = [];
    for (const clear of clearLoading) clear();
    const { messages } = this.#options.store.get();
    for (const chatId of this.#watched.keys()) {
      if (messages.get(chatId)?.status !== "ready" || this.#stale.has(chatId)) void this.reload(chatId);
    }
  }

  /** Reload the part that is shown. */
  async reload(chatId: ChatId): Promise<void> {
    const list = this.#options.store.get().messages.get(chatId);
    const middle = list?.hasNewer ? list.items[Math.floor(list.items.length / 2)] : undefined;
    if (middle === undefined) return this.showNewest(chatId);
    await this.#showMiddle(chatId, middle.messageId).catch(() => this.#failed(chatId));
  }

  /** Show the newest messages, whichever part was shown before. */
  async showNewest(chatId: ChatId): Promise<void> {
    const { clients, store, ingest } = this.#options;
    const list = store.get().messages.get(chatId);
    const pageSize = Math.min(LARGEST_PAGE, Math.max(PAGE, list?.items.length ?? 0));
    try {
      const position = ingest.position();
      const page = await clients.messaging.listMessages({ chatId, pageSize });
      const items = page.messages.map(messageOf);
      this.#stale.delete(chatId);
      const hasOlder = page.nextPageToken !== "";
      // Always a new part, even if the page meets the old one, so that the view scrolls to the end.
      this.#put(chatId, position, (before) =>
        list?.hasNewer
          ? withPart(before, items, { hasOlder, hasNewer: false })
          : withNewestPage(before, items, hasOlder),
      );
    } catch {
      this.#failed(chatId);
    }
  }

  /** Load a message and its neighbours unless it is loaded. Reject if it does not exist or the request fails. */
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
      const request = { chatId, pageSize: PAGE, startMessageId: first.messageId };
      const page = await clients.messaging.listMessages(request);
      const older = page.messages.map(messageOf);
      this.#change(chatId, (before) =>
        before.part === list.part ? withOlderPage(before, older, page.nextPageToken !== "") : before,
      );
    } catch {
      this.#retryLater(chatId, list.part, { loadingOlder: false });
    }
  }

  async loadNewer(chatId: ChatId): Promise<void> {
    const { clients, store, ingest } = this.#options;
    const list = store.get().messages.get(chatId);
    const last = list?.items.at(-1);
    if (!list || !last || list.status !== "ready" || !list.hasNewer || list.loadingNewer) return;
    this.#change(chatId, (before) => ({ ...before, loadingNewer: true }));
    try {
      const position = ingest.position();
      const request = { chatId, pageSize: PAGE, startMessageId: last.messageId, direction: ListDirection.FORWARD };
      const page = await clients.messaging.listMessages(request);
      const newer = page.messages.map(messageOf);
      this.#put(chatId, position, (before) =>
        before?.part === list.part ? withNewerPage(before, newer, page.nextPageToken !== "") : (before ?? NOT_LOADED),
      );
    } catch {
      this.#retryLater(chatId, list.part, { loadingNewer: false });
    }
  }

  /** Load a message for a quote, once. */
  async needMessage(chatId: ChatId, messageId: MessageId): Promise<void> {
    const { clients, store } = this.#options;
    if (this.#requested.has(messageId)) return;
    this.#requested.add(messageId);
    const put = (message: Message | null) =>
      store.update((state) => ({
        ...state,
        quoted: newest(withEntry(state.quoted, messageId, message), QUOTES_KEPT),
      }));
    try {
      const { message } = await clients.messaging.getMessage({ chatId, messageId });
      put(message ? messageOf(message) : null);
    } catch {
      put(null);
    } finally {
      this.#requested.delete(messageId);
    }
  }

  async #showMiddle(chatId: ChatId, messageId: MessageId): Promise<void> {
    const { messaging } = this.#options.clients;
    const position = this.#options.ingest.position();
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
    this.#put(chatId, position, (before) => withPart(before, items, has));
  }

  async #open(chatId: ChatId): Promise<void> {
    void this.#showCached(chatId).catch(() => undefined);
    await this.reload(chatId);
  }

  async #showCached(chatId: ChatId): Promise<void> {
    const items = await this.#options.cache.messages(chatId);
    if (items.length === 0) return;
    // Also after a failed request: without a network it fails before IndexedDB has opened.
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
      // A chat that is opened again starts at its newest messages.
      if (list.hasNewer) return { ...state, messages: others };
      // Moved to the end of the map, so that the least recently open chats come first. Long lists shrink to a page.
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

  /** The page counts as loading until the retry, so that the view does not request it in a loop. */
  #retryLater(chatId: ChatId, part: number, notLoading: Partial<LoadedMessages>): void {
    this.#clearLoading.push(() =>
      this.#change(chatId, (before) => (before.part === part ? { ...before, ...notLoading } : before)),
    );
    this.#onFailure();
  }

  /** Put a response into the state, with the live changes since `position` applied over it. */
  #put(chatId: ChatId, position: number, change: (before: LoadedMessages | undefined) => LoadedMessages): void {
    const { store, ingest } = this.#options;
    store.update((state) => {
      const list = change(state.messages.get(chatId));
      return ingest.applySince(position, { ...state, messages: withEntry(state.messages, chatId, list) });
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
