/** Locks for browsers without Web Locks, by messages between the tabs. */

import { newId } from "@/lib/ids";
import { type Locks, PageLocks } from "./locks";

export interface Times {
  /** A tab that nobody has refused for this long holds the lock. */
  readonly settleMs: number;
  /** The holder may have crashed: waiting tabs ask again after this time. */
  readonly askAgainMs: number;
}

interface Claim {
  readonly tabId: string;
  /** When the tab began to wait. */
  readonly since: number;
  /** Timers of hidden tabs may fire a minute late, so visible tabs come first. */
  readonly isHidden: boolean;
  readonly isHolder: boolean;
}

type LockMessage =
  /** A tab wants the lock. Tabs that hold it or come first answer with their claims. */
  | { readonly kind: "request"; readonly name: string; readonly claim: Claim }
  | { readonly kind: "claim"; readonly name: string; readonly claim: Claim }
  | { readonly kind: "released"; readonly name: string };

/**
 * One tab holds a lock at a time, except for moments: while a tab is busy or suspended it refuses nobody, and so may
 * find on its return that another tab holds the same lock. The tab that began to wait later loses it then: the work of
 * that tab gets the signal `lost`.
 */
export class ChannelLocks implements Locks {
  readonly #times: Times;
  readonly #tabId = newId();
  readonly #channel = new BroadcastChannel("chatly-locks");
  readonly #pageLocks = new PageLocks();
  readonly #contenders = new Map<string, Contender>();

  constructor(times: Times = { settleMs: 300, askAgainMs: 3_000 }) {
    this.#times = times;
    this.#channel.onmessage = (event: MessageEvent<LockMessage>) => this.#receive(event.data);
  }

  exclusive<T>(name: string, work: (lost: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#pageLocks.exclusive(name, () => this.#amongTabs(name, work, signal), signal);
  }

  /** Lose all locks, because the page closes or will be suspended. */
  readonly loseAll = (): void => {
    for (const contender of this.#contenders.values()) contender.lose();
  };

  close(): void {
    this.loseAll();
    this.#channel.close();
  }

  async #amongTabs<T>(name: string, work: (lost: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const contender = new Contender(name, this.#tabId, this.#times, (message) => this.#channel.postMessage(message));
    this.#contenders.set(name, contender);
    try {
      await contender.acquire(signal);
      return await work(contender.lost);
    } finally {
      this.#contenders.delete(name);
      contender.lose();
    }
  }

  #receive(message: LockMessage): void {
    const contender = this.#contenders.get(message.name);
    switch (message.kind) {
      case "request":
        return contender?.answer(message.claim);
      case "claim":
        return contender?.heed(message.claim);
      case "released":
        return contender?.retry();
    }
  }
}

/** This tab's attempt to get a lock, and its hold on it. */
class Contender {
  readonly #name: string;
  readonly #tabId: string;
  readonly #times: Times;
  readonly #post: (message: LockMessage) => void;
  readonly #since = Date.now();
  readonly #lost = new AbortController();
  #isHolder = false;
  /** Since the last request: refusals, and releases after the first of them. */
  #refusals = 0;
  #releases = 0;
  #endPause: () => void = () => undefined;

  constructor(name: string, tabId: string, times: Times, post: (message: LockMessage) => void) {
    this.#name = name;
    this.#tabId = tabId;
    this.#times = times;
    this.#post = post;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Resolve once this tab holds the lock. */
  async acquire(signal?: AbortSignal): Promise<void> {
    do {
      this.#refusals = this.#releases = 0;
      this.#post({ kind: "request", name: this.#name, claim: this.#claim });
      await this.#pause(this.#times.settleMs, signal);
      // A tab that was busy meanwhile gets its messages first.
      await this.#pause(0, signal);
      if (this.#refusals > 0 && this.#releases === 0) await this.#pause(this.#times.askAgainMs, signal);
    } while (this.#refusals > 0);
    this.#isHolder = true;
    this.#postClaim();
  }

  lose(): void {
    if (!this.#isHolder) return;
    this.#isHolder = false;
    this.#post({ kind: "released", name: this.#name });
    this.#lost.abort();
  }

  /** Refuse the lock to another tab, unless that tab comes first. */
  answer(other: Claim): void {
    if (this.#isHolder || precedes(this.#claim, other)) this.#postClaim();
  }

  heed(other: Claim): void {
    if (!this.#isHolder) {
      if (other.isHolder || precedes(other, this.#claim)) this.#refusals++;
    } else if (other.isHolder && isOlder(other, this.#claim)) this.lose();
    else if (other.isHolder) this.#postClaim();
  }

  /** Ask again: the holder has released the lock. */
  retry(): void {
    if (this.#refusals === 0) return;
    this.#releases++;
    this.#endPause();
  }

  get #claim(): Claim {
    const isHidden = typeof document !== "undefined" && document.visibilityState === "hidden";
    return { tabId: this.#tabId, since: this.#since, isHidden, isHolder: this.#isHolder };
  }

  #postClaim(): void {
    this.#post({ kind: "claim", name: this.#name, claim: this.#claim });
  }

  async #pause(ms: number, signal?: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      signal?.addEventListener("abort", end);
      this.#endPause = end;
    });
    signal?.throwIfAborted();
  }
}

function precedes(a: Claim, b: Claim): boolean {
  return a.isHidden === b.isHidden ? isOlder(a, b) : b.isHidden;
}

function isOlder(a: Claim, b: Claim): boolean {
  return a.since === b.since ? a.tabId < b.tabId : a.since < b.since;
}
