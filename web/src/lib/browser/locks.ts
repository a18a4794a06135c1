/** Locks shared by all tabs of this browser. */

export interface Locks {
  /** Run `work` while no other tab holds the lock `name`. `signal` ends the wait. */
  exclusive<T>(name: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T>;
}

export function openLocks(): Locks {
  // Plain http has no Web Locks, except on localhost: each tab then works alone.
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

/** Locks within one page. */
export class PageLocks implements Locks {
  readonly #tails = new Map<string, Promise<unknown>>();

  exclusive<T>(name: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const run = (this.#tails.get(name) ?? Promise.resolve()).then(() => {
      signal?.throwIfAborted();
      return work();
    });
    this.#tails.set(
      name,
      run.catch(() => undefined),
    );
    return run;
  }
}
