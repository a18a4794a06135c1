/** A server stream that stays open: it reopens after every end, detects silence, and renews tokens. */

import type { ConnectionState } from "@/lib/types";

/** The effect of an item on its stream. */
export interface ItemEffect {
  /** The stream counts as live from this item on. */
  readonly live?: boolean;
  /** End this stream, and open the next one after this time. */
  readonly reconnectMs?: number | null;
}

export interface StreamOptions<T> {
  readonly open: (signal: AbortSignal) => AsyncIterable<T>;
  readonly receive: (item: T) => ItemEffect;
  /** Decide after a failure: `retry` with growing pauses, `renew` the tokens first, or `end` the stream. */
  readonly classify: (failure: unknown) => "retry" | "renew" | "end";
  /** Renew the tokens. Its failure is classified too. */
  readonly renew: () => Promise<void>;
  readonly onConnection: (state: ConnectionState) => void;
  readonly onEnd: (failure: unknown) => void;
  readonly random?: () => number;
}

/** Heartbeats arrive every 15 s; a stream that is silent for longer than this is dead. */
export const STALL_MS = 40_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** Only a stream that was live for this long resets the pauses. */
const STEADY_MS = 10_000;
/** Longest silence that a stream survives when the machine or the network wakes up. */
const WAKE_SILENCE_MS = 17_000;

/** This side ended the stream: it is silent, or stopped. */
class StreamAborted extends Error {}

export class ResilientStream<T> {
  readonly #options: StreamOptions<T>;
  #stop = new AbortController();
  #abortRead: (() => void) | null = null;
  #skipPause: (() => void) | null = null;
  #failures = 0;
  #lastItemAt = 0;
  #lostAt: number | null = null;
  #liveSince: number | null = null;

  constructor(options: StreamOptions<T>) {
    this.#options = options;
  }

  start(): void {
    this.#stop = new AbortController();
    this.#lostAt = Date.now();
    void this.#run(this.#stop.signal);
  }

  stop(): void {
    this.#stop.abort();
    this.#skipPause?.();
  }

  /** Skip the pause, and reopen a stream that is silent: the network or the machine may have just come back. */
  wake(): void {
    this.#skipPause?.();
    if (Date.now() - this.#lastItemAt > WAKE_SILENCE_MS) this.#abortRead?.();
  }

  /** End the open stream at once: the network was lost. */
  interrupt(): void {
    this.#abortRead?.();
  }

  async #run(stop: AbortSignal): Promise<void> {
    this.#report("connecting", null);
    while (!stop.aborted) {
      const pause = await this.#attempt(stop);
      if (pause === null) return;
      this.#lostAt ??= Date.now();
      // A renewal of tokens does not count as a lost connection.
      if (pause === 0) continue;
      this.#report("waiting", Date.now() + pause);
      await this.#pause(pause);
    }
  }

  /** Read one stream to its end. Return the pause before the next one, or null to stop. */
  async #attempt(stop: AbortSignal): Promise<number | null> {
    const attempt = new AbortController();
    const onStop = () => this.#abortRead?.();
    stop.addEventListener("abort", onStop);
    this.#liveSince = null;
    try {
      const requestedPause = await this.#read(attempt.signal);
      this.#resetPausesIfSteady();
      return stop.aborted ? null : (requestedPause ?? this.#backOff());
    } catch (failure) {
      this.#resetPausesIfSteady();
      return stop.aborted ? null : await this.#afterFailure(failure);
    } finally {
      stop.removeEventListener("abort", onStop);
      this.#abortRead = null;
      attempt.abort();
    }
  }

  /** Return the pause that the server requested, or null if the stream just ended. */
  async #read(signal: AbortSignal): Promise<number | null> {
    const items = this.#options.open(signal)[Symbol.asyncIterator]();
    this.#lastItemAt = Date.now();
    for (;;) {
      const next = await this.#nextOrStall(items);
      if (next.done) return null;
      this.#lastItemAt = Date.now();
      const effect = this.#options.receive(next.value);
      if (effect.live && this.#liveSince === null) {
        this.#liveSince = Date.now();
        this.#lostAt = null;
        this.#report("live", null);
      }
      if (effect.reconnectMs !== undefined && effect.reconnectMs !== null) return effect.reconnectMs;
    }
  }

  #resetPausesIfSteady(): void {
    if (this.#liveSince !== null && Date.now() - this.#liveSince >= STEADY_MS) this.#failures = 0;
  }

  #nextOrStall(items: AsyncIterator<T>): Promise<IteratorResult<T>> {
    return new Promise((resolve, reject) => {
      const fail = (failure: unknown) => {
        clearTimeout(timer);
        reject(failure instanceof Error ? failure : new Error(String(failure)));
      };
      const timer = setTimeout(() => this.#abortRead?.(), STALL_MS);
      this.#abortRead = () => fail(new StreamAborted("the stream was aborted by this client"));
      items.next().then((result) => {
        clearTimeout(timer);
        resolve(result);
      }, fail);
    });
  }

  async #afterFailure(failure: unknown): Promise<number | null> {
    const reaction = failure instanceof StreamAborted ? "retry" : this.#options.classify(failure);
    if (reaction === "end") return this.#end(failure);
    if (reaction === "retry") return this.#backOff();
    try {
      await this.#options.renew();
    } catch (denied) {
      return this.#options.classify(denied) === "retry" ? this.#backOff() : this.#end(denied);
    }
    // Pause when the server refuses even new tokens, so that the retries do not flood it.
    return this.#failures++ === 0 ? 0 : this.#backOff();
  }

  #end(failure: unknown): null {
    this.#options.onEnd(failure);
    return null;
  }

  /** Return the next pause, with full jitter: clients that lost the same server reconnect at different times. */
  #backOff(): number {
    const ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures++);
    return 100 + (this.#options.random ?? Math.random)() * (ceiling - 100);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#skipPause = null;
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#skipPause = done;
    });
  }

  #report(phase: ConnectionState["phase"], retryAt: number | null): void {
    this.#options.onConnection({ phase, retryAt, since: phase === "live" ? null : this.#lostAt });
  }
}
