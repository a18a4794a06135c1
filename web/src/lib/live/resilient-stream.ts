/** A server stream that stays open: it is opened again after any end, notices silence, and asks for new tokens. */

import type { ConnectionState } from "@/lib/types";

/** What an item means for the stream that it came on. */
export interface Effect {
  /** From here on the stream counts as live. */
  readonly live?: boolean;
  /** End this stream and open the next one after so long. */
  readonly reconnectMs?: number | null;
}

export interface StreamOptions<T> {
  readonly open: (signal: AbortSignal) => AsyncIterable<T>;
  readonly receive: (item: T) => Effect;
  /** What to do after a failure: `retry` with growing pauses, `renew` the tokens first, or `end` for good. */
  readonly judge: (failure: unknown) => "retry" | "renew" | "end";
  /** Gets new tokens; what it throws is judged again. */
  readonly renew: () => Promise<void>;
  readonly onConnection: (state: ConnectionState) => void;
  readonly onEnd: (failure: unknown) => void;
  readonly random?: () => number;
}

/** Heartbeats come every 15 s: after this much silence the stream is dead, whatever the socket says. */
export const STALL_MS = 40_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
/** A stream that was live for less than this is no reason to begin again with short pauses. */
const STEADY_MS = 10_000;
/** After sleep or a change of network a stream silent for this long is not waited for. */
const SUSPICIOUS_MS = 17_000;

/** The stream is ended from this side: it is silent, or not wanted any more. */
class Cut extends Error {}

export class ResilientStream<T> {
  readonly #options: StreamOptions<T>;
  #stop = new AbortController();
  #cut: (() => void) | null = null;
  #skipPause: (() => void) | null = null;
  #failures = 0;
  #heardAt = 0;
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

  /** The network may be back, or the machine awake: do not wait, and do not trust an old silence. */
  nudge(): void {
    this.#skipPause?.();
    if (Date.now() - this.#heardAt > SUSPICIOUS_MS) this.#cut?.();
  }

  /** The network is gone: do not wait for the silence. */
  interrupt(): void {
    this.#cut?.();
  }

  async #run(stop: AbortSignal): Promise<void> {
    this.#tell("connecting", null);
    while (!stop.aborted) {
      const pause = await this.#attempt(stop);
      if (pause === null) return;
      this.#lostAt ??= Date.now();
      // New tokens are no reason to alarm anybody.
      if (pause === 0) continue;
      this.#tell("waiting", Date.now() + pause);
      await this.#pause(pause);
    }
  }

  /** Opens and reads one stream to its end; returns how long to wait before the next, or null: no next. */
  async #attempt(stop: AbortSignal): Promise<number | null> {
    const attempt = new AbortController();
    const onStop = () => this.#cut?.();
    stop.addEventListener("abort", onStop);
    this.#liveSince = null;
    try {
      const asked = await this.#read(attempt.signal);
      this.#forgive();
      return stop.aborted ? null : (asked ?? this.#backOff());
    } catch (failure) {
      this.#forgive();
      return stop.aborted ? null : await this.#afterFailure(failure);
    } finally {
      stop.removeEventListener("abort", onStop);
      this.#cut = null;
      attempt.abort();
    }
  }

  /** Returns the pause that the server asked for, or null if the stream just ended. */
  async #read(signal: AbortSignal): Promise<number | null> {
    const items = this.#options.open(signal)[Symbol.asyncIterator]();
    this.#heardAt = Date.now();
    for (;;) {
      const next = await this.#nextOrStall(items);
      if (next.done) return null;
      this.#heardAt = Date.now();
      const effect = this.#options.receive(next.value);
      if (effect.live && this.#liveSince === null) {
        this.#liveSince = Date.now();
        this.#lostAt = null;
        this.#tell("live", null);
      }
      if (effect.reconnectMs !== undefined && effect.reconnectMs !== null) return effect.reconnectMs;
    }
  }

  /** A stream that was live for long enough: whatever ended it is the first failure again. */
  #forgive(): void {
    if (this.#liveSince !== null && Date.now() - this.#liveSince >= STEADY_MS) this.#failures = 0;
  }

  #nextOrStall(items: AsyncIterator<T>): Promise<IteratorResult<T>> {
    return new Promise((resolve, reject) => {
      const fail = (failure: unknown) => {
        clearTimeout(timer);
        reject(failure instanceof Error ? failure : new Error(String(failure)));
      };
      const timer = setTimeout(() => this.#cut?.(), STALL_MS);
      this.#cut = () => fail(new Cut("cut"));
      items.next().then((result) => {
        clearTimeout(timer);
        resolve(result);
      }, fail);
    });
  }

  async #afterFailure(failure: unknown): Promise<number | null> {
    const judgement = failure instanceof Cut ? "retry" : this.#options.judge(failure);
    if (judgement === "end") {
      this.#options.onEnd(failure);
      return null;
    }
    if (judgement === "retry") return this.#backOff();
    try {
      await this.#options.renew();
    } catch (denied) {
      return this.#options.judge(denied) === "retry" ? this.#backOff() : this.#end(denied);
    }
    // Tokens that are new and yet refused must not make a storm.
    return this.#failures++ === 0 ? 0 : this.#backOff();
  }

  #end(failure: unknown): null {
    this.#options.onEnd(failure);
    return null;
  }

  /** Full jitter: a thousand clients that lost the same server come back spread out. */
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

  #tell(phase: ConnectionState["phase"], retryAt: number | null): void {
    this.#options.onConnection({ phase, retryAt, since: phase === "live" ? null : this.#lostAt });
  }
}
