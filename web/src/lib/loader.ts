/** Loads chats, users and (in `messages`) messages from the server. A response never undoes newer live changes. */

import { MessageLoader, type MessageLoaderOptions } from "./message-loader";
import { RetryTimer } from "./retry-timer";
import { chatOf, userOf } from "./rpc/mapping";
import { withOwnMarks } from "./state/apply";
import { type State, withEntry } from "./state/model";
import { type Chat, type ChatId, ChatlyError, type User, type UserId } from "./types";

const CHATS_PAGE = 200;
const USERS_PAGE = 200;

export type LoaderOptions = MessageLoaderOptions;

export class Loader {
  readonly #options: LoaderOptions;
  readonly messages: MessageLoader;
  readonly #retryTimer: RetryTimer;
  #chatsStale = false;
  readonly #requested = new Set<string>();
  /** Users loaded from the server since the start; all others come from the cache and may be old. */
  readonly #loadedUsers = new Set<UserId>();
  #wantedUsers = new Set<UserId>();

  constructor(options: LoaderOptions) {
    this.#options = options;
    this.#retryTimer = new RetryTimer(this.retry, options.signal);
    this.messages = new MessageLoader(options, {
      loadChat: this.loadChat,
      onFailure: () => this.#retryTimer.schedule(),
    });
  }

  /** Load what the first screen shows: from the cache at once, and from the server. */
  async start(): Promise<void> {
    void this.#ignoreFailure(this.#loadFromCache());
    await Promise.all([
      this.reloadChats(),
      this.#ignoreFailure(this.reloadMe()),
      this.#ignoreFailure(this.#loadFirstUsers()),
    ]);
  }

  /** Reload what is shown and drop the rest, because changes may be missing. */
  readonly refresh = (): void => {
    this.#options.store.update((state) => ({ ...state, quoted: new Map() }));
    void this.reloadChats();
    this.messages.refresh();
  };

  /** Load again what failed to load. */
  readonly retry = (): void => {
    const { chatsStatus, me } = this.#options.store.get();
    if (chatsStatus !== "ready" || this.#chatsStale) void this.reloadChats();
    if (me === null) void this.#ignoreFailure(this.reloadMe());
    this.messages.retry();
  };

  async reloadChats(): Promise<void> {
    const { clients, store, ingest, me } = this.#options;
    try {
      const position = ingest.position();
      let chats = new Map<ChatId, Chat>();
      let pageToken = "";
      do {
        const page = await clients.messaging.listChats({ pageSize: CHATS_PAGE, pageToken });
        chats = new Map([...chats, ...page.chats.map((pb) => [pb.chatId, chatOf(pb, me)] as const)]);
        pageToken = page.nextPageToken;
        const complete = pageToken === "";
        this.#putChats(position, (state) => ({
          ...state,
          chats: complete ? chats : new Map([...state.chats, ...chats]),
          chatsStatus: "ready",
        }));
      } while (pageToken !== "");
      this.#chatsStale = false;
    } catch {
      this.#chatsFailed();
      store.update((state) => (state.chatsStatus === "empty" ? { ...state, chatsStatus: "failed" } : state));
    }
  }

  /** Load a chat again, or one that only events have mentioned. */
  readonly loadChat = async (chatId: ChatId): Promise<void> => {
    const { clients, ingest, me } = this.#options;
    const position = ingest.position();
    try {
      const { chat } = await clients.messaging.getChat({ chatId });
      if (!chat) return;
      this.#putChats(position, (state) => ({ ...state, chats: withEntry(state.chats, chatId, chatOf(chat, me)) }));
    } catch (failure) {
      if (failure instanceof ChatlyError && failure.details.retryable === true) this.#chatsFailed();
    }
  };

  /** Load these users unless they are loaded; all calls of one moment share a request. */
  needUsers(userIds: readonly UserId[]): void {
    const unknown = userIds.filter((userId) => !this.#loadedUsers.has(userId) && !this.#requested.has(userId));
    if (unknown.length === 0) return;
    if (this.#wantedUsers.size === 0) queueMicrotask(() => void this.#ignoreFailure(this.#loadWantedUsers()));
    for (const userId of unknown) {
      this.#wantedUsers.add(userId);
      this.#requested.add(userId);
    }
  }

  putUsers(users: readonly User[]): void {
    for (const { userId } of users) this.#loadedUsers.add(userId);
    this.#options.store.update((state) => ({
      ...state,
      users: new Map([...state.users, ...users.map((user) => [user.userId, user] as const)]),
    }));
  }

  async reloadMe(): Promise<void> {
    const { user } = await this.#options.clients.users.getMe({});
    if (!user) return;
    const me = userOf(user);
    this.#options.store.update((state) => ({ ...state, me, users: withEntry(state.users, me.userId, me) }));
  }

  /** Put loaded chats into the state. Keep the changes since `position`, and read marks that are not sent yet. */
  #putChats(position: number, change: (state: State) => State): void {
    const { store, ingest, me } = this.#options;
    store.update((state) => withOwnMarks(ingest.applySince(position, change(state)), state.chats, me));
  }

  async #loadFromCache(): Promise<void> {
    const { cache, store } = this.#options;
    const [chats, users] = await Promise.all([cache.chats(), cache.users()]);
    store.update((state) => ({
      ...state,
      users: new Map([...users.map((user) => [user.userId, user] as const), ...state.users]),
      // Also after a failed request: without a network it fails before IndexedDB has opened.
      ...(state.chatsStatus !== "ready" && chats.length > 0
        ? {
            chatsStatus: "cached" as const,
            chats: new Map([...chats.map((chat) => [chat.chatId, chat] as const), ...state.chats]),
          }
        : {}),
    }));
  }

  /** Load names for the first screen without a second round trip. */
  async #loadFirstUsers(): Promise<void> {
    const { users } = await this.#options.clients.users.listUsers({ pageSize: USERS_PAGE });
    this.putUsers(users.map(userOf));
  }

  async #loadWantedUsers(): Promise<void> {
    const userIds = [...this.#wantedUsers];
    this.#wantedUsers = new Set();
    try {
      for (let from = 0; from < userIds.length; from += USERS_PAGE) {
        const page = userIds.slice(from, from + USERS_PAGE);
        const { users } = await this.#options.clients.users.batchGetUsers({ userIds: page });
        this.putUsers(users.map(userOf));
      }
    } finally {
      for (const userId of userIds) this.#requested.delete(userId);
    }
  }

  /** Reload the chats later: the shown ones may lack changes. */
  #chatsFailed(): void {
    this.#chatsStale = true;
    this.#retryTimer.schedule();
  }

  /** For optional data, which is requested again at the next occasion. */
  async #ignoreFailure(work: Promise<unknown>): Promise<void> {
    await work.catch(() => undefined);
  }
}
