/** One observable value. What changes it lives elsewhere. */

export class Store<S> {
  #value: S;
  readonly #listeners = new Set<() => void>();

  constructor(initial: S) {
    this.#value = initial;
  }

  readonly get = (): S => this.#value;

  /** Puts what `change` makes of the value; the same value tells nobody. */
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
