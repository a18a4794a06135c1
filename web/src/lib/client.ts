/** The client of one tab, put together: what components use through hooks. */

import type { Actions } from "./actions/types";
import { openActions } from "./actions/create-actions";
import { forgetCache, forgetDatabase } from "./browser/database";
import { type Locks, openLocks } from "./browser/locks";
import type { MessageLoader } from "./message-loader";
import { type Clients, openClients } from "./rpc/clients";
import { endsSession, chatlyError } from "./rpc/errors";
import { millis } from "./rpc/mapping";
import { Runtime } from "./runtime";
import { type Remembered, Session, SESSION_KEY } from "./session/session";
import { initialState, type State } from "./state/model";
import { ObservableStore, type Store } from "./state/store";
import { type ChatId, ChatlyError, type MessageId, type SessionState, type UserId } from "./types";

/** What hooks need beside the state; the actions are for everybody. */
export interface Client {
  readonly store: Store<State>;
  readonly actions: Actions;
  readonly reloadChats: () => void;
  readonly watchChat: (chatId: ChatId) => () => void;
  readonly loadOlder: (chatId: ChatId) => void;
  readonly loadNewer: (chatId: ChatId) => void;
  readonly showNewest: (chatId: ChatId) => void;
  /** Loads the part of the chat in which a message stands; rejects if it is gone. */
  readonly showMessage: (chatId: ChatId, messageId: MessageId) => Promise<void>;
  readonly reloadMessages: (chatId: ChatId) => void;
  readonly needMessage: (chatId: ChatId, messageId: MessageId) => void;
  readonly needUsers: (userIds: readonly UserId[]) => void;
}

/** Opens the client of this tab. Called once. */
export function openClient(): Client {
  return new BrowserClient();
}

class BrowserClient implements Client {
  readonly store: Store<State>;
  readonly actions: Actions;
  readonly #clients: Clients;
  readonly #locks: Locks = openLocks();
  readonly #session: Session;
  #runtime: Runtime | null = null;

  constructor() {
    this.#clients = openClients({
      baseUrl: window.location.origin,
      renew: () => this.#session.renew(),
      onSessionOver: () => this.#session.end(true),
    });
    this.#session = new Session({
      storage: window.localStorage,
      locks: this.#locks,
      refresh: () => refresh(this.#clients),
      isOver: (failure) => endsSession(chatlyError(failure)),
      onChange: (state) => void this.#sessionChanged(state),
    });
    this.store = new ObservableStore(initialState(this.#session.state));
    this.actions = openActions({
      clients: this.#clients,
      store: this.store,
      session: this.#session,
      signedIn: () => this.#signedIn(),
    });
    window.addEventListener("storage", (event) => {
      if (event.key === SESSION_KEY || event.key === null) this.#session.changedElsewhere();
    });
    this.#session.start();
    this.#begin(this.#session.state);
  }

  reloadChats = (): void => void this.#runtime?.loader.reloadChats();
  watchChat = (chatId: ChatId): (() => void) => this.#messages?.watch(chatId) ?? (() => undefined);
  loadOlder = (chatId: ChatId): void => void this.#messages?.loadOlder(chatId);
  loadNewer = (chatId: ChatId): void => void this.#messages?.loadNewer(chatId);
  showNewest = (chatId: ChatId): void => void this.#messages?.showNewest(chatId);
  showMessage = async (chatId: ChatId, messageId: MessageId): Promise<void> =>
    this.#messages?.showMessage(chatId, messageId);
  reloadMessages = (chatId: ChatId): void => void this.#messages?.reload(chatId);
  needMessage = (chatId: ChatId, messageId: MessageId): void => void this.#messages?.needMessage(chatId, messageId);
  needUsers = (userIds: readonly UserId[]): void => this.#runtime?.loader.needUsers(userIds);

  get #messages(): MessageLoader | undefined {
    return this.#runtime?.loader.messages;
  }

  #signedIn(): Runtime {
    if (this.#runtime === null) throw new ChatlyError("SESSION_ENDED", "nobody is logged in");
    return this.#runtime;
  }

  async #sessionChanged(state: SessionState): Promise<void> {
    const left = this.#runtime;
    this.#runtime = null;
    // The state goes with the login: nothing of one user is ever shown to the next.
    this.#begin(state);
    this.store.update(() => initialState(state));
    if (left === null) return;
    await left.stop();
    if (state.phase === "signed-in") return;
    // After a logout nothing stays. A login that ended by itself leaves what was not sent yet for the next one.
    if (!state.ended) await forgetDatabase(left.me);
    else await forgetCache(left.me).catch(() => undefined);
  }

  #begin(state: SessionState): void {
    if (state.phase === "signed-out") return;
    this.#runtime = new Runtime({
      me: state.userId,
      store: this.store,
      clients: this.#clients,
      locks: this.#locks,
      renew: this.#session.renew,
      onSessionOver: () => this.#session.end(true),
    });
    this.#runtime.start();
  }
}

async function refresh(clients: Clients): Promise<Remembered> {
  const answer = await clients.auth.refresh({});
  return { userId: answer.userId, username: answer.username, expiresAt: millis(answer.expiresAt) ?? 0 };
}
