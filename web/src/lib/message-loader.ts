/** Loads pages of messages of the open chats: the newest, older ones, and parts from the middle. */

import { ListDirection } from "@/gen/chatly/messaging/v1/messaging_service_pb";
import type { Cache } from "./browser/cache";
import type { Ingest } from "./live/ingest";
import type { Clients } from "./rpc/clients";
import { messageOf } from "./rpc/mapping";
import { findIn, reachesBackTo, withNewerPage, withNewestPage, withOlderPage, withPart } from "./state/messages";
import { type LoadedMessages, newest, NOT_LOADED, type State, withEntry, withoutEntry } from "./state/model";
import { readingStart } from "./state/reading";
import type { Store } from "./state/store";
import { type ChatId, ChatlyError, type Message, type MessageId, type UserId } from "./types";

const PAGE = 50;
const LARGEST_PAGE = 200;
/** Messages loaded on each side of a jump target, and before the first unread message. */
const HALF_PAGE = 25;
/** Closed chats whose messages stay in memory. */
const LISTS_KEPT = 20;
const QUOTES_KEPT = 200;

export interface MessageLoaderOptions {
  readonly me: UserId;
  readonly clients: Clients;
  readonly store: Store<State>;
  readonly ingest: Ingest;
  readonly cache: Cache;
  readonly signal: AbortSignal;
}

interface MessageLoaderHooks {
  readonly loadChat: (chatId: ChatId) => Promise<void>;
  /** `retry` should be called later. */
  readonly onFailure: () => void;
}

/** The unread messages of a chat: those after `start`. */
interface Unread {
  readonly count: number;
  readonly start: MessageId | null;
}

export class MessageLoader {
  readonly #options: MessageLoaderOptions;
  readonly #hooks: MessageLoaderHooks;
  readonly #watched = new Map<ChatId, number>();
  /** Chats whose list may lack messages, because a request failed. */
  readonly #stale = new Set<ChatId>();
  readonly #requested = new Set<MessageId>();
  /** Clear the loading flag of failed pages, so that the view may request them again. */
  #clearLoading: (() => void)[] = [];

  constructor(options: MessageLoaderOptions, hooks: MessageLoaderHooks) {
    this.#options = options;
    this.#hooks = hooks;
  }

  /** Keep a chat's messages loaded until the returned function is called. */
  watch(chatId: ChatId): () => void {
    this.#watched.set(chatId, (this.#watched.get(chatId) ?? 0) + 1);
    const list = this.#options.store.get().messages.get(chatId);
    const isComplete = list?.status === "ready" && !this.#stale.has(chatId) && this.#hasFirstUnread(chatId, list);
    if (!isComplete) void this.#open(chatId);
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

  /** Reload the part that is shown: for the newest part, from the first unread message on. */
  async reload(chatId: ChatId): Promise<void> {
    // Only the server knows what is unread.
    if (this.#options.store.get().chatsStatus !== "ready") await this.#hooks.loadChat(chatId);
    const list = this.#options.store.get().messages.get(chatId);
    const middle = list?.hasNewer ? list.items[Math.floor(list.items.length / 2)] : undefined;
    if (middle !== undefined) await this.#showMiddle(chatId, middle.messageId).catch(() => this.#failed(chatId));
    else await this.showUnread(chatId);
  }

  /** Show the first unread message: with the newest page if that reaches back to it, or else with its neighbours. */
  async showUnread(chatId: ChatId): Promise<void> {
    const { count, start } = this.#unread(chatId);
    if (count + HALF_PAGE <= LARGEST_PAGE) await this.showNewest(chatId, count + HALF_PAGE);
    const list = this.#options.store.get().messages.get(chatId);
    if (this.#stale.has(chatId) || (list?.status === "ready" && !list.hasNewer && this.#hasFirstUnread(chatId, list)))
      return;
    await this.#showMiddle(chatId, start).catch(() => this.#failed(chatId));
  }

  /** Show the newest messages, whichever part was shown before. */
  async showNewest(chatId: ChatId, atLeast = PAGE): Promise<void> {
    const { clients, store, ingest } = this.#options;
    const list = store.get().messages.get(chatId);
    const pageSize = Math.min(LARGEST_PAGE, Math.max(PAGE, atLeast, list?.items.length ?? 0));
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
    if (!findIn(items, messageId)) await this.#showMiddle(chatId, messageId, true);
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

  /** Show a message and its neighbours, or with null the start of the chat. Reject if the message must exist and does not. */
  async #showMiddle(chatId: ChatId, messageId: MessageId | null, mustExist = false): Promise<void> {
    const { messaging } = this.#options.clients;
    const position = this.#options.ingest.position();
    const around = { chatId, pageSize: HALF_PAGE, startMessageId: messageId ?? "" };
    const [middle, older, newer] = await Promise.all([
      messageId === null ? [] : this.#found(chatId, messageId, mustExist),
      messageId === null ? { messages: [], nextPageToken: "" } : messaging.listMessages(around),
      messaging.listMessages({ ...around, direction: ListDirection.FORWARD }),
    ]);
    const items = [...older.messages, ...middle, ...newer.messages].map(messageOf);
    const has = { hasOlder: older.nextPageToken !== "", hasNewer: newer.nextPageToken !== "" };
    this.#stale.delete(chatId);
    this.#put(chatId, position, (before) => withPart(before, items, has));
  }

  /** Return the message in a list, which is empty if it was deleted, or the id is not of a message. */
  async #found(chatId: ChatId, messageId: MessageId, mustExist: boolean) {
    try {
      const { message } = await this.#options.clients.messaging.getMessage({ chatId, messageId });
      return message ? [message] : [];
    } catch (failure) {
      if (mustExist || !(failure instanceof ChatlyError) || failure.reason !== "MESSAGE_NOT_FOUND") throw failure;
      return [];
    }
  }

  #unread(chatId: ChatId): Unread {
    const chat = this.#options.store.get().chats.get(chatId);
    return chat ? { count: chat.unreadCount, start: readingStart(chat, this.#options.me) } : { count: 0, start: null };
  }

  #hasFirstUnread(chatId: ChatId, list: LoadedMessages): boolean {
    const { count, start } = this.#unread(chatId);
    return count === 0 || reachesBackTo(list, start);
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
    this.#hooks.onFailure();
  }

  /** The page counts as loading until the retry, so that the view does not request it in a loop. */
  #retryLater(chatId: ChatId, part: number, notLoading: Partial<LoadedMessages>): void {
    this.#clearLoading.push(() =>
      this.#change(chatId, (before) => (before.part === part ? { ...before, ...notLoading } : before)),
    );
    this.#hooks.onFailure();
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
