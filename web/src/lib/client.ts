/** The client of one tab, which components use through hooks. */

import type { Actions } from "./actions/types";
import { createActions } from "./actions/create-actions";
import { clearCache, deleteDatabase } from "./browser/database";
import type { Locks } from "./browser/locks";
import { openLocks } from "./browser/open-locks";
import type { MessageLoader } from "./message-loader";
import { type Clients, openClients } from "./rpc/clients";
import { endsSession, chatlyError } from "./rpc/errors";
import { millis } from "./rpc/mapping";
import { Runtime } from "./runtime";
import { Session, SESSION_KEY, type StoredSession } from "./session/session";
import { initialState, type State } from "./state/model";
import { ObservableStore, type Store } from "./state/store";
import { type ChatId, ChatlyError, type MessageId, type SessionState, type UserId } from "./types";

/** The state, the actions, and what the hooks call. */
export interface Client {
  readonly store: Store<State>;
  readonly actions: Actions;
  readonly reloadChats: () => void;
  readonly watchChat: (chatId: ChatId) => () => void;
  readonly loadOlder: (chatId: ChatId) => void;
  readonly loadNewer: (chatId: ChatId) => void;
  readonly showNewest: (chatId: ChatId) => void;
  /** Loads the part of the chat with the first unread message. */
  readonly showUnread: (chatId: ChatId) => void;
  /** Loads the part of the chat around a message; rejects if the message does not exist. */
  readonly showMessage: (chatId: ChatId, messageId: MessageId) => Promise<void>;
  readonly reloadMessages: (chatId: ChatId) => void;
  readonly needMessage: (chatId: ChatId, messageId: MessageId) => void;
  readonly needUsers: (userIds: readonly UserId[]) => void;
}

/** Open the client of this tab. Call once. */
export function openClient(): Client {
  return new BrowserClient();
}

class BrowserClient implements Client {
  readonly store: Store<State>;
  readonly actions: Actions;
  readonly #clients: Clients;
  readonly #locks: Locks = openLocks();
  readonly #session: Session;
  readonly #otherTabs = new BroadcastChannel("chatly-session");
  #runtime: Runtime | null = null;

  constructor() {
    this.#clients = openClients({
      baseUrl: window.location.origin,
      userId: () => (this.#session.state.phase === "signed-in" ? this.#session.state.userId : null),
      renew: () => this.#session.renew(),
      onSessionEnded: () => this.#session.end(true),
    });
    this.#session = new Session({
      storage: window.localStorage,
      locks: this.#locks,
      refresh: () => refresh(this.#clients),
      isEnded: (failure) => endsSession(chatlyError(failure)),
      onChange: (state) => void this.#sessionChanged(state),
      onOtherUser: () => void this.#reload(),
      onStored: (session) => this.#otherTabs.postMessage(session),
    });
    this.store = new ObservableStore(initialState(this.#session.state));
    this.actions = createActions({
      clients: this.#clients,
      store: this.store,
      session: this.#session,
      signedIn: () => this.#signedIn(),
    });
    this.#followOtherTabs();
    this.#session.start();
    this.#startRuntime(this.#session.state);
  }

  reloadChats = (): void => void this.#runtime?.loader.reloadChats();
  watchChat = (chatId: ChatId): (() => void) => this.#messages?.watch(chatId) ?? (() => undefined);
  loadOlder = (chatId: ChatId): void => void this.#messages?.loadOlder(chatId);
  loadNewer = (chatId: ChatId): void => void this.#messages?.loadNewer(chatId);
  showNewest = (chatId: ChatId): void => void this.#messages?.showNewest(chatId);
  showUnread = (chatId: ChatId): void => void this.#messages?.showUnread(chatId);
  showMessage = async (chatId: ChatId, messageId: MessageId): Promise<void> =>
    this.#messages?.showMessage(chatId, messageId);
  reloadMessages = (chatId: ChatId): void => void this.#messages?.reload(chatId);
  needMessage = (chatId: ChatId, messageId: MessageId): void => void this.#messages?.needMessage(chatId, messageId);
  needUsers = (userIds: readonly UserId[]): void => this.#runtime?.loader.needUsers(userIds);

  get #messages(): MessageLoader | undefined {
    return this.#runtime?.loader.messages;
  }

  #signedIn(): Runtime {
    if (this.#runtime === null) throw new ChatlyError("SESSION_ENDED", "no user is logged in");
    return this.#runtime;
  }

  #followOtherTabs(): void {
    this.#otherTabs.onmessage = (event: MessageEvent<StoredSession | null>) => this.#session.follow(event.data);
    window.addEventListener("storage", (event) => {
      if (event.key === SESSION_KEY || event.key === null) this.#session.syncFromStorage();
    });
    // A suspended tab gets no messages, and a page of another site can log in without telling anybody.
    const check = () => {
      if (document.visibilityState !== "visible") return;
      this.#session.syncFromStorage();
      // Fails, and so renews the tokens, if they are of another user.
      if (this.#session.state.phase === "signed-in") void this.#clients.users.getMe({}).catch(() => undefined);
    };
    window.addEventListener("focus", check);
    window.addEventListener("pageshow", check);
    document.addEventListener("visibilitychange", check);
  }

  /** Begin again as the user of the session. Nothing of this page may act for them. */
  async #reload(): Promise<void> {
    const runtime = this.#runtime;
    if (runtime !== null) {
      await runtime.stop();
      await clearCache(runtime.me).catch(() => undefined);
    }
    window.location.replace("/");
  }

  async #sessionChanged(state: SessionState): Promise<void> {
    const old = this.#runtime;
    this.#runtime = null;
    // Start from an empty state: never show one user's data to the next.
    this.#startRuntime(state);
    this.store.update(() => initialState(state));
    if (old === null) return;
    await old.stop();
    if (state.phase === "signed-in") return;
    // A logout deletes everything. A session that expired keeps unsent messages for the next login.
    if (!state.ended) await deleteDatabase(old.me);
    else await clearCache(old.me).catch(() => undefined);
  }

  #startRuntime(state: SessionState): void {
    if (state.phase === "signed-out") return;
    this.#runtime = new Runtime({
      me: state.userId,
      store: this.store,
      clients: this.#clients,
      locks: this.#locks,
      renew: this.#session.renew,
      onSessionEnded: () => this.#session.end(true),
    });
    this.#runtime.start();
  }
}

async function refresh(clients: Clients): Promise<StoredSession> {
  const response = await clients.auth.refresh({});
  return { userId: response.userId, username: response.username, expiresAt: millis(response.expiresAt) ?? 0 };
}
