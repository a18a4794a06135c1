/** Asks the server for what is shown: chats, pages of messages, people. Answers never undo what came live meanwhile. */

import type { Cache } from "./browser/cache";
import type { Ingest } from "./live/ingest";
import type { Clients } from "./rpc/clients";
import { chatOf, messageOf, userOf } from "./rpc/mapping";
import { withNewestPage, withOlderPage } from "./state/messages";
import { type LoadedMessages, newest, type State, withEntry, withoutEntry } from "./state/model";
import type { Store } from "./state/store";
import type { Chat, ChatId, MessageId, User, UserId } from "./types";

const CHATS_PAGE = 200;
const MESSAGES_PAGE = 50;
const LARGEST_PAGE = 200;
const PEOPLE_PAGE = 200;
/** Chats whose messages stay in memory after they were looked at. */
const LISTS_KEPT = 20;
const QUOTES_KEPT = 200;

const NOT_LOADED: LoadedMessages = { items: [], status: "cached", hasOlder: false, loadingOlder: false };

export interface LoaderOptions {
  readonly clients: Clients;
  readonly store: Store<State>;
  readonly ingest: Ingest;
  readonly cache: Cache;
  readonly me: UserId;
}

export class Loader {
  readonly #options: LoaderOptions;
  readonly #watched = new Map<ChatId, number>();
  readonly #asked = new Set<string>();
  #wantedUsers = new Set<UserId>();

  constructor(options: LoaderOptions) {
    this.#options = options;
  }

  /** Everything that the first screen shows: from the cache at once, from the server as soon as it answers. */
  async begin(): Promise<void> {
    void this.#quietly(this.#fromCache());
    await Promise.all([this.reloadChats(), this.#quietly(this.reloadMe()), this.#quietly(this.#firstPeople())]);
  }

  /** What was told may have a gap: what is shown is asked for anew, what is not shown is forgotten. */
  readonly refresh = (): void => {
    this.#options.store.update((state) => ({
      ...state,
      quoted: new Map(),
      messages: new Map([...state.messages].filter(([chatId]) => this.#watched.has(chatId))),
    }));
    void this.reloadChats();
    for (const chatId of this.#watched.keys()) void this.reloadMessages(chatId);
  };

  /** The connection is back: what could not be loaded without it is asked for again. */
  readonly retry = (): void => {
    const { chatsStatus, messages, me } = this.#options.store.get();
    if (chatsStatus !== "ready") void this.reloadChats();
    if (me === null) void this.#quietly(this.reloadMe());
    for (const chatId of this.#watched.keys()) {
      if (messages.get(chatId)?.status !== "ready") void this.reloadMessages(chatId);
    }
  };

  async reloadChats(): Promise<void> {
    const { clients, store, ingest, me } = this.#options;
    try {
      const mark = ingest.mark();
      let chats = new Map<ChatId, Chat>();
      let pageToken = "";
      do {
        const page = await clients.messaging.listChats({ pageSize: CHATS_PAGE, pageToken });
        chats = new Map([...chats, ...page.chats.map((pb) => [pb.chatId, chatOf(pb, me)] as const)]);
        pageToken = page.nextPageToken;
        const complete = pageToken === "";
        store.update((state) =>
          ingest.over(mark, {
            ...state,
            chats: complete ? chats : new Map([...state.chats, ...chats]),
            chatsStatus: "ready",
          }),
        );
      } while (pageToken !== "");
    } catch {
      store.update((state) => (state.chatsStatus === "empty" ? { ...state, chatsStatus: "failed" } : state));
    }
  }

  /** A chat that became known by an event only. */
  readonly loadChat = async (chatId: ChatId): Promise<void> => {
    const { clients, store, ingest, me } = this.#options;
    const mark = ingest.mark();
    const { chat } = await clients.messaging.getChat({ chatId });
    if (chat) store.update((s) => ingest.over(mark, { ...s, chats: withEntry(s.chats, chatId, chatOf(chat, me)) }));
  };

  /** Keeps a chat's messages loaded until the returned function is called. */
  watch(chatId: ChatId): () => void {
    this.#watched.set(chatId, (this.#watched.get(chatId) ?? 0) + 1);
    const list = this.#options.store.get().messages.get(chatId);
    if (list?.status !== "ready") void this.#open(chatId);
    return () => this.#unwatch(chatId);
  }

  async reloadMessages(chatId: ChatId): Promise<void> {
    const { clients, store, ingest } = this.#options;
    const loaded = store.get().messages.get(chatId)?.items.length ?? 0;
    const pageSize = Math.min(LARGEST_PAGE, Math.max(MESSAGES_PAGE, loaded));
    try {
      const mark = ingest.mark();
      const page = await clients.messaging.listMessages({ chatId, pageSize });
      const items = page.messages.map(messageOf);
      const hasOlder = page.nextPageToken !== "";
      store.update((state) => {
        const list = withNewestPage(state.messages.get(chatId), items, hasOlder);
        return ingest.over(mark, { ...state, messages: withEntry(state.messages, chatId, list) });
      });
    } catch {
      this.#changeList(chatId, (list) => (list.status === "ready" ? list : { ...list, status: "failed" }));
    }
  }

  async loadOlder(chatId: ChatId): Promise<void> {
    const { clients, store } = this.#options;
    const list = store.get().messages.get(chatId);
    const first = list?.items[0];
    if (!first || list.status !== "ready" || !list.hasOlder || list.loadingOlder) return;
    this.#changeList(chatId, (before) => ({ ...before, loadingOlder: true }));
    try {
      const asked = { chatId, pageSize: MESSAGES_PAGE, startMessageId: first.messageId };
      const page = await clients.messaging.listMessages(asked);
      const older = page.messages.map(messageOf);
      this.#changeList(chatId, (before) => withOlderPage(before, older, page.nextPageToken !== ""));
    } catch {
      this.#changeList(chatId, (before) => ({ ...before, loadingOlder: false }));
    }
  }

  /** A message for a quote; asked for once. */
  async needMessage(chatId: ChatId, messageId: MessageId): Promise<void> {
    const { clients, store } = this.#options;
    if (this.#asked.has(messageId)) return;
    this.#asked.add(messageId);
    const put = (message: ReturnType<typeof messageOf> | null) =>
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

  /** Profiles that are not known; what is wanted within a moment is asked for at once. */
  needUsers(userIds: readonly UserId[]): void {
    const { users } = this.#options.store.get();
    const unknown = userIds.filter((userId) => !users.has(userId) && !this.#asked.has(userId));
    if (unknown.length === 0) return;
    if (this.#wantedUsers.size === 0) queueMicrotask(() => void this.#quietly(this.#askForUsers()));
    for (const userId of unknown) {
      this.#wantedUsers.add(userId);
      this.#asked.add(userId);
    }
  }

  putUsers(users: readonly User[]): void {
    this.#options.store.update((s) => ({
      ...s,
      users: new Map([...s.users, ...users.map((u) => [u.userId, u] as const)]),
    }));
  }

  async reloadMe(): Promise<void> {
    const { user } = await this.#options.clients.users.getMe({});
    if (!user) return;
    const me = userOf(user);
    this.#options.store.update((state) => ({ ...state, me, users: withEntry(state.users, me.userId, me) }));
  }

  async #fromCache(): Promise<void> {
    const { cache, store } = this.#options;
    const [chats, users] = await Promise.all([cache.chats(), cache.users()]);
    store.update((state) => ({
      ...state,
      users: new Map([...users.map((user) => [user.userId, user] as const), ...state.users]),
      ...(state.chatsStatus === "empty" && chats.length > 0
        ? { chatsStatus: "cached" as const, chats: new Map(chats.map((chat) => [chat.chatId, chat])) }
        : {}),
    }));
  }

  /** Names for the first screen without a second round trip. */
  async #firstPeople(): Promise<void> {
    const { users } = await this.#options.clients.users.listUsers({ pageSize: PEOPLE_PAGE });
    this.putUsers(users.map(userOf));
  }

  async #open(chatId: ChatId): Promise<void> {
    void this.#quietly(this.#showCached(chatId));
    await this.reloadMessages(chatId);
  }

  async #showCached(chatId: ChatId): Promise<void> {
    const items = await this.#options.cache.messages(chatId);
    if (items.length === 0) return;
    this.#changeList(chatId, (list) =>
      list.status === "cached" && list.items.length === 0 ? { ...list, items } : list,
    );
  }

  #unwatch(chatId: ChatId): void {
    const left = (this.#watched.get(chatId) ?? 1) - 1;
    if (left > 0) return void this.#watched.set(chatId, left);
    this.#watched.delete(chatId);
    this.#options.store.update((state) => {
      const list = state.messages.get(chatId);
      if (!list) return state;
      // Put last, so that the first ones are those not looked at for longest; long lists are cut back to a page.
      const kept =
        list.items.length > LARGEST_PAGE ? { ...list, items: list.items.slice(-MESSAGES_PAGE), hasOlder: true } : list;
      return { ...state, messages: newest(withEntry(withoutEntry(state.messages, chatId), chatId, kept), LISTS_KEPT) };
    });
  }

  async #askForUsers(): Promise<void> {
    const userIds = [...this.#wantedUsers];
    this.#wantedUsers = new Set();
    try {
      for (let from = 0; from < userIds.length; from += PEOPLE_PAGE) {
        const page = userIds.slice(from, from + PEOPLE_PAGE);
        const { users } = await this.#options.clients.users.batchGetUsers({ userIds: page });
        this.putUsers(users.map(userOf));
      }
    } finally {
      for (const userId of userIds) this.#asked.delete(userId);
    }
  }

  #changeList(chatId: ChatId, change: (list: LoadedMessages) => LoadedMessages): void {
    this.#options.store.update((state) => {
      const before = state.messages.get(chatId) ?? NOT_LOADED;
      const after = change(before);
      return after === before ? state : { ...state, messages: withEntry(state.messages, chatId, after) };
    });
  }

  /** For what is nice to have: the next occasion asks again. */
  async #quietly(work: Promise<unknown>): Promise<void> {
    await work.catch(() => undefined);
  }
}
