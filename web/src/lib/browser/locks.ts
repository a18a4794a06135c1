/** Locks that all tabs of this browser share. */

export interface Locks {
  /** Runs `work` while no other tab runs work of the same name; waits its turn unless `signal` ends the wait. */
  exclusive<T>(name: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

export function openLocks(): Locks {
  // Plain http away from localhost has no Web Locks: there each tab is on its own.
  return "locks" in navigator ? new WebLocks(navigator.locks) : new PageLocks();
}

class WebLocks implements Locks {
  readonly #locks: LockManager;

  constructor(locks: LockManager) {
    this.#locks = locks;
  }

  async exclusive<T>(name: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#locks.request(name, signal ? { signal } : {}, work);
  }
}

/** Locks within one page; also for tests. */
export class PageLocks implements Locks {
  readonly #tails = new Map<string, Promise<unknown>>();

  exclusive<T>(name: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const turn = (this.#tails.get(name) ?? Promise.resolve()).then(() => {
      signal?.throwIfAborted();
      return work();
    });
    this.#tails.set(
      name,
      turn.catch(() => undefined),
    );
    return turn;
  }
}
