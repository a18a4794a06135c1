/** The login of this browser, and the renewal of its tokens in time. The tokens themselves are httpOnly cookies. */

import type { Locks } from "@/lib/browser/locks";
import { ChatlyError, type SessionState, type UserId } from "@/lib/types";

/** The entry in localStorage. It contains no secret. */
export interface StoredSession {
  readonly userId: UserId;
  readonly username: string;
  /** When the access token expires. */
  readonly expiresAt: number;
}

export interface SessionOptions {
  readonly storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  readonly locks: Locks;
  /** Exchanges the refresh cookie for new tokens. */
  readonly refresh: () => Promise<StoredSession>;
  /** Says whether a failed refresh means that only a new login helps. */
  readonly isEnded: (failure: unknown) => boolean;
  readonly onChange: (state: SessionState) => void;
  /** Another user has logged in with this browser's cookies. The state still names the user that this tab shows. */
  readonly onOtherUser: () => void;
  /** This tab stored a session, or removed it: pass it to `follow` of the other tabs. */
  readonly onStored: (session: StoredSession | null) => void;
}

/** The localStorage key, for `storage` events from other tabs. */
export const SESSION_KEY = "chatly.session";
/** Tokens are renewed this long before they expire. */
const EARLY_MS = 60_000;
const SHORTEST_WAIT_MS = 15_000;
const RETRY_MS = 20_000;

export class Session {
  readonly #options: SessionOptions;
  #isOtherUser = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #state: SessionState;

  constructor(options: SessionOptions) {
    this.#options = options;
    const stored = this.#stored();
    this.#state = stored ? signedIn(stored) : { phase: "signed-out", ended: false };
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Start to renew the tokens in time, if a user is logged in. */
  start(): void {
    this.#scheduleRenewal();
  }

  begin(session: StoredSession): void {
    this.#store(session);
    this.follow(session);
  }

  /** `ended`: the session expired or was revoked; false after a logout. */
  end(ended: boolean): void {
    clearTimeout(this.#timer);
    this.#options.storage.removeItem(SESSION_KEY);
    this.#options.onStored(null);
    this.#setState({ phase: "signed-out", ended });
  }

  /** Follow another tab that logged in, logged out, or renewed the tokens. */
  readonly follow = (session: StoredSession | null): void => {
    clearTimeout(this.#timer);
    if (session !== null) {
      this.#setState(signedIn(session));
      this.#scheduleRenewal();
    } else if (this.#state.phase === "signed-in") this.#setState({ phase: "signed-out", ended: true });
  };

  readonly syncFromStorage = (): void => this.follow(this.#stored());

  /**
   * Renew the tokens; one tab at a time does it for all. Reject as `refresh` does, and end a session that has ended.
   *
   * Reject also if the session belongs to another user now: a call of this tab must not be repeated for that user.
   */
  readonly renew = async (): Promise<void> => {
    const expiresAt = this.#stored()?.expiresAt;
    await this.#options.locks.exclusive("chatly-refresh", async () => {
      const stored = this.#stored();
      if (stored === null) throw new ChatlyError("SESSION_ENDED", "no user is logged in");
      // Another tab renewed the tokens while this one waited for the lock.
      if (stored.expiresAt !== expiresAt || !this.#isShown(stored)) this.follow(stored);
      else await this.#refresh();
    });
    // Retryable: what waits to be sent stays in the storage of its user.
    if (this.#isOtherUser)
      throw new ChatlyError("TOKEN_OF_OTHER_USER", "another user has logged in", { retryable: true });
  };

  async #refresh(): Promise<void> {
    try {
      const session = await this.#options.refresh();
      this.#store(session);
      this.follow(session);
    } catch (failure) {
      if (this.#options.isEnded(failure)) this.end(true);
      throw failure;
    }
  }

  #isShown({ userId }: StoredSession): boolean {
    return this.#state.phase === "signed-in" && this.#state.userId === userId;
  }

  #store(session: StoredSession): void {
    this.#options.storage.setItem(SESSION_KEY, JSON.stringify(session));
    this.#options.onStored(session);
  }

  #scheduleRenewal(): void {
    clearTimeout(this.#timer);
    const stored = this.#stored();
    if (stored === null || this.#isOtherUser) return;
    const wait = Math.max(SHORTEST_WAIT_MS, stored.expiresAt - Date.now() - EARLY_MS);
    this.#timer = setTimeout(() => void this.#renewInTime(), wait);
  }

  async #renewInTime(): Promise<void> {
    try {
      await this.renew();
      this.#scheduleRenewal();
    } catch {
      // Unless the session ended, the server is unreachable. Calls that fail without tokens also renew them.
      if (this.#state.phase === "signed-in") this.#timer = setTimeout(() => void this.#renewInTime(), RETRY_MS);
    }
  }

  #stored(): StoredSession | null {
    try {
      return JSON.parse(this.#options.storage.getItem(SESSION_KEY) ?? "null") as StoredSession | null;
    } catch {
      return null;
    }
  }

  #setState(next: SessionState): void {
    const before = this.#state;
    if (this.#isOtherUser) return;
    if (before.phase === "signed-in" && next.phase === "signed-in") {
      if (before.userId === next.userId) return;
      this.#isOtherUser = true;
      return this.#options.onOtherUser();
    }
    if (before.phase === "signed-out" && next.phase === "signed-out" && before.ended === next.ended) return;
    this.#state = next;
    this.#options.onChange(next);
  }
}

function signedIn({ userId, username }: StoredSession): SessionState {
  return { phase: "signed-in", userId, username };
}
