/** One observable value. */

export interface Store<S> {
  readonly get: () => S;
  /** Replace the value by the result of `change`. Listeners are notified unless it is the same value. */
  readonly update: (change: (value: S) => S) => void;
  /** Call `listener` after each change, until the returned function is called. */
  readonly subscribe: (listener: () => void) => () => void;
}

export class ObservableStore<S> implements Store<S> {
  #value: S;
  readonly #listeners = new Set<() => void>();

  constructor(initial: S) {
    this.#value = initial;
  }

  readonly get = (): S => this.#value;

  readonly update = (change: (value: S) => S): void => {
    const next = change(this.#value);
    if (next === this.#value) return;
    this.#value = next;
    for (const listener of [...this.#listeners]) listener();
  };

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

/** Return a store that ignores updates after `signal`, so that late responses of one login never reach the next. */
export function untilAborted<S>(signal: AbortSignal, store: Store<S>): Store<S> {
  return {
    get: store.get,
    subscribe: store.subscribe,
    update: (change) => {
      if (!signal.aborted) store.update(change);
    },
  };
}
