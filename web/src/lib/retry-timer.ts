/** Calls a function again after failures, with growing pauses. */

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
/** The pauses start over after this time without a failure. */
const RESET_MS = 60_000;

export class RetryTimer {
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

  /** Schedule one retry for all failures until then. */
  schedule(): void {
    if (this.#timer !== undefined || this.#signal.aborted) return;
    if (Date.now() - this.#failedAt > RESET_MS) this.#pause = FIRST_PAUSE_MS;
    this.#failedAt = Date.now();
    // Half of the pause is random: many clients may have lost the same server.
    const pause = this.#pause * (0.5 + Math.random() / 2);
    this.#pause = Math.min(LONGEST_PAUSE_MS, 2 * this.#pause);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#retry();
    }, pause);
  }
}
