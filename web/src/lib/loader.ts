/** Asks the server for what is shown: chats, people and, through `messages`, messages. Answers never undo what came live. */

import { MessageLoader, type MessageLoaderOptions } from "./message-loader";
import { Retrying } from "./retry-timer";
import { chatOf, userOf } from "./rpc/mapping";
import { withEntry } from "./state/model";
import { type Chat, type ChatId, ChatlyError, type User, type UserId } from "./types";

const CHATS_PAGE = 200;
const PEOPLE_PAGE = 200;

export type LoaderOptions = MessageLoaderOptions & { readonly me: UserId };

export class Loader {
  readonly #options: LoaderOptions;
  readonly messages: MessageLoader;
  readonly #retrying: Retrying;
  #chatsStale = false;
  readonly #asked = new Set<string>();
  /** Whose profile the server told since the start; the others' are the cache's, which may be of last year. */
  readonly #told = new Set<UserId>();
  #wantedUsers = new Set<UserId>();

  constructor(options: LoaderOptions) {
    this.#options = options;
    this.#retrying = new Retrying(this.retry, options.signal);
    this.messages = new MessageLoader(options, () => this.#retrying.later());
  }

  /** Everything that the first screen shows: from the cache at once, from the server as soon as it answers. */
  async begin(): Promise<void> {
    void this.#quietly(this.#fromCache());
    await Promise.all([this.reloadChats(), this.#quietly(this.reloadMe()), this.#quietly(this.#firstPeople())]);
  }

  /** What was told may have a gap: what is shown is asked for anew, what is not shown is forgotten. */
  readonly refresh = (): void => {
    this.#options.store.update((state) => ({ ...state, quoted: new Map() }));
    void this.reloadChats();
    this.messages.refresh();
  };

  /** What could not be loaded is asked for again. */
  readonly retry = (): void => {
    const { chatsStatus, me } = this.#options.store.get();
    if (chatsStatus !== "ready" || this.#chatsStale) void this.reloadChats();
    if (me === null) void this.#quietly(this.reloadMe());
    this.messages.retry();
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
      this.#chatsStale = false;
    } catch {
      this.#chatsFailed();
      store.update((state) => (state.chatsStatus === "empty" ? { ...state, chatsStatus: "failed" } : state));
    }
  }

  /** A chat that became known by an event only. */
  readonly loadChat = async (chatId: ChatId): Promise<void> => {
    const { clients, store, ingest, me } = this.#options;
    const mark = ingest.mark();
    try {
      const { chat } = await clients.messaging.getChat({ chatId });
      if (chat) store.update((s) => ingest.over(mark, { ...s, chats: withEntry(s.chats, chatId, chatOf(chat, me)) }));
    } catch (failure) {
      if (failure instanceof ChatlyError && failure.details.retryable === true) this.#chatsFailed();
    }
  };

  /** Profiles that the server has not told yet; what is wanted within a moment is asked for at once. */
  needUsers(userIds: readonly UserId[]): void {
    const unknown = userIds.filter((userId) => !this.#told.has(userId) && !this.#asked.has(userId));
    if (unknown.length === 0) return;
    if (this.#wantedUsers.size === 0) queueMicrotask(() => void this.#quietly(this.#askForUsers()));
    for (const userId of unknown) {
      this.#wantedUsers.add(userId);
      this.#asked.add(userId);
    }
  }

  putUsers(users: readonly User[]): void {
    for (const { userId } of users) this.#told.add(userId);
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
      // Without a network the question fails before storage has opened: what is kept is shown all the same.
      ...(state.chatsStatus !== "ready" && chats.length > 0
        ? {
            chatsStatus: "cached" as const,
            chats: new Map([...chats.map((chat) => [chat.chatId, chat] as const), ...state.chats]),
          }
        : {}),
    }));
  }

  /** Names for the first screen without a second round trip. */
  async #firstPeople(): Promise<void> {
    const { users } = await this.#options.clients.users.listUsers({ pageSize: PEOPLE_PAGE });
    this.putUsers(users.map(userOf));
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

  /** What is shown may lack what was never told: it is asked for until it comes. */
  #chatsFailed(): void {
    this.#chatsStale = true;
    this.#retrying.later();
  }

  /** For what is nice to have: the next occasion asks again. */
  async #quietly(work: Promise<unknown>): Promise<void> {
    await work.catch(() => undefined);
  }
}
