/** Locks shared by all tabs of this browser. */

export interface Locks {
  /**
   * Run `work` while no other tab holds the lock `name`. `signal` ends the wait.
   *
   * `lost` tells the work that another tab has got the lock meanwhile.
   */
  exclusive<T>(name: string, work: (lost: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T>;
}

const NEVER_LOST = new AbortController().signal;

export class WebLocks implements Locks {
  readonly #locks: LockManager;

  constructor(locks: LockManager) {
    this.#locks = locks;
  }

  async exclusive<T>(name: string, work: (lost: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    return this.#locks.request(name, signal ? { signal } : {}, () => work(NEVER_LOST));
  }
}

/** Locks within one page. */
export class PageLocks implements Locks {
  readonly #tails = new Map<string, Promise<unknown>>();

  exclusive<T>(name: string, work: (lost: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    const run = (this.#tails.get(name) ?? Promise.resolve()).then(() => {
      signal?.throwIfAborted();
      return work(NEVER_LOST);
    });
    this.#tails.set(
      name,
      run.catch(() => undefined),
    );
    return run;
  }
}
