/** The one subscription of a browser: where it goes on, and when what it told has a gap. */

import type { ConnectionState } from "@/lib/types";
import type { LiveItem } from "./changes";
import { type Effect, ResilientStream } from "./resilient-stream";

export interface LiveOptions {
  /** Where an earlier leader's subscription had come to, or empty. */
  readonly cursor: string;
  readonly subscribe: (cursor: string, signal: AbortSignal) => AsyncIterable<LiveItem>;
  readonly onItem: (item: LiveItem) => void;
  /** Something may have been missed that will not be told: list anew. */
  readonly onGap: () => void;
  readonly judge: (failure: unknown) => "retry" | "renew" | "end" | "forget-cursor";
  readonly renew: () => Promise<void>;
  readonly onConnection: (state: ConnectionState) => void;
  readonly onEnd: (failure: unknown) => void;
  readonly random?: () => number;
}

export class LiveSubscription {
  readonly #options: LiveOptions;
  readonly #stream: ResilientStream<LiveItem>;
  #cursor: string;
  /** This stream began without a cursor: what happened before it was not told. */
  #blind = false;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#cursor = options.cursor;
    this.#stream = new ResilientStream({
      ...options,
      open: (signal) => this.#open(signal),
      receive: (item) => this.#receive(item),
      judge: (failure) => this.#judge(failure),
    });
  }

  start = (): void => this.#stream.start();
  stop = (): void => this.#stream.stop();
  nudge = (): void => this.#stream.nudge();
  interrupt = (): void => this.#stream.interrupt();

  #open(signal: AbortSignal): AsyncIterable<LiveItem> {
    this.#blind = this.#cursor === "";
    return this.#options.subscribe(this.#cursor, signal);
  }

  #receive(item: LiveItem): Effect {
    // First what happened, then the cursor behind it: the other way round a failure between would lose it.
    this.#options.onItem(item);
    if (item.cursor !== "") this.#cursor = item.cursor;
    if (item.resync || (item.caughtUp && this.#blind)) {
      this.#blind = false;
      this.#options.onGap();
    }
    return { live: item.caughtUp || item.resync, reconnectMs: item.reconnectMs };
  }

  #judge(failure: unknown): "retry" | "renew" | "end" {
    const judgement = this.#options.judge(failure);
    if (judgement !== "forget-cursor") return judgement;
    this.#cursor = "";
    return "retry";
  }
}
