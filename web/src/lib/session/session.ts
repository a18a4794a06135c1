/** Who is logged in at this browser, and tokens that never run out unnoticed. The tokens themselves are httpOnly cookies. */

import type { Locks } from "@/lib/browser/locks";
import { ChatlyError, type SessionState, type UserId } from "@/lib/types";

/** What is remembered between visits: nothing that opens a door. */
export interface Remembered {
  readonly userId: UserId;
  readonly username: string;
  /** When the access token runs out. */
  readonly expiresAt: number;
}

export interface SessionOptions {
  readonly storage: Pick<Storage, "getItem" | "setItem" | "removeItem">;
  readonly locks: Locks;
  /** Trades the cookie for new tokens. */
  readonly refresh: () => Promise<Remembered>;
  /** Whether a failed refresh means that only a login helps. */
  readonly isOver: (failure: unknown) => boolean;
  readonly onChange: (state: SessionState) => void;
}

const KEY = "chatly.session";
/** Tokens are renewed this long before they run out. */
const EARLY_MS = 60_000;
const SHORTEST_WAIT_MS = 15_000;
const RETRY_MS = 20_000;

export class Session {
  readonly #options: SessionOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #state: SessionState;

  constructor(options: SessionOptions) {
    this.#options = options;
    const known = this.#remembered();
    this.#state = known ? signedIn(known) : { phase: "signed-out", ended: false };
  }

  get state(): SessionState {
    return this.#state;
  }

  /** Begins to keep the tokens fresh, if somebody is logged in. */
  start(): void {
    this.#plan();
  }

  begin(known: Remembered): void {
    this.#options.storage.setItem(KEY, JSON.stringify(known));
    this.#become(signedIn(known));
    this.#plan();
  }

  /** `ended`: it ended by itself. */
  end(ended: boolean): void {
    clearTimeout(this.#timer);
    this.#options.storage.removeItem(KEY);
    this.#become({ phase: "signed-out", ended });
  }

  /** Another tab logged in, out, or renewed. */
  readonly changedElsewhere = (): void => {
    const known = this.#remembered();
    if (known === null) {
      clearTimeout(this.#timer);
      return this.#become({ phase: "signed-out", ended: true });
    }
    this.#become(signedIn(known));
    this.#plan();
  };

  /** New tokens; one tab at a time gets them for all. Rejects as `refresh` does; a session that is over ends here. */
  readonly renew = async (): Promise<void> => {
    const seen = this.#remembered()?.expiresAt;
    await this.#options.locks.exclusive("chatly-refresh", async () => {
      const known = this.#remembered();
      if (known === null) throw new ChatlyError("SESSION_ENDED", "nobody is logged in");
      // While this tab waited for its turn another one got them.
      if (known.expiresAt !== seen) return;
      await this.#trade();
    });
  };

  async #trade(): Promise<void> {
    try {
      const known = await this.#options.refresh();
      this.#options.storage.setItem(KEY, JSON.stringify(known));
      this.#plan();
    } catch (failure) {
      if (this.#options.isOver(failure)) this.end(true);
      throw failure;
    }
  }

  #plan(): void {
    clearTimeout(this.#timer);
    const known = this.#remembered();
    if (known === null) return;
    const wait = Math.max(SHORTEST_WAIT_MS, known.expiresAt - Date.now() - EARLY_MS);
    this.#timer = setTimeout(() => void this.#renewInTime(), wait);
  }

  async #renewInTime(): Promise<void> {
    try {
      await this.renew();
      this.#plan();
    } catch {
      // Over: `renew` said so. Away: try again, the calls themselves also ask when they need to.
      if (this.#state.phase === "signed-in") this.#timer = setTimeout(() => void this.#renewInTime(), RETRY_MS);
    }
  }

  #remembered(): Remembered | null {
    try {
      return JSON.parse(this.#options.storage.getItem(KEY) ?? "null") as Remembered | null;
    } catch {
      return null;
    }
  }

  #become(next: SessionState): void {
    const before = this.#state;
    if (before.phase === "signed-in" && next.phase === "signed-in" && before.userId === next.userId) return;
    if (before.phase === "signed-out" && next.phase === "signed-out" && before.ended === next.ended) return;
    this.#state = next;
    this.#options.onChange(next);
  }
}

/** Storage's key, for its `storage` event in other tabs. */
export const SESSION_KEY = KEY;

function signedIn({ userId, username }: Remembered): SessionState {
  return { phase: "signed-in", userId, username };
}
