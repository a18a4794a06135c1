/** Another try after a while, and a longer while after each that failed. */

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** Without a failure for this long the pauses are short again. */
const CALM_MS = 60_000;

export class Retrying {
  readonly #retry: () => void;
  readonly #signal: AbortSignal;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pause = FIRST_PAUSE_MS;
  #failedAt = 0;

  constructor(retry: () => void, signal: AbortSignal) {
    this.#retry = retry;
    this.#signal = signal;
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
  }

  /** Something failed: try again later, once for all that fails until then. */
  later(): void {
    if (this.#timer !== undefined || this.#signal.aborted) return;
    if (Date.now() - this.#failedAt > CALM_MS) this.#pause = FIRST_PAUSE_MS;
    this.#failedAt = Date.now();
    // Half of it by chance: many clients may have lost the same server.
    const pause = this.#pause * (0.5 + Math.random() / 2);
    this.#pause = Math.min(LONGEST_PAUSE_MS, 2 * this.#pause);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#retry();
    }, pause);
  }
}
