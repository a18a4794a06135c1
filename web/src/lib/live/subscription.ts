/** The one subscription of a browser: keeps its cursor, and detects gaps. */

import type { ConnectionState } from "@/lib/types";
import type { LiveItem } from "./changes";
import { type ItemEffect, ResilientStream } from "./resilient-stream";

export interface LiveOptions {
  /** The position that an earlier leader's subscription reached, or empty. */
  readonly cursor: string;
  readonly subscribe: (cursor: string, signal: AbortSignal) => AsyncIterable<LiveItem>;
  readonly onItem: (item: LiveItem) => void;
  /** Changes may be missing that the stream will not deliver: reload what is shown. */
  readonly onGap: () => void;
  readonly classify: (failure: unknown) => "retry" | "renew" | "end" | "reset-cursor";
  readonly renew: () => Promise<void>;
  readonly onConnection: (state: ConnectionState) => void;
  readonly onEnd: (failure: unknown) => void;
  readonly random?: () => number;
}

export class LiveSubscription {
  readonly #options: LiveOptions;
  readonly #stream: ResilientStream<LiveItem>;
  #cursor: string;
  /** This stream started without a cursor, so it does not replay earlier events. */
  #startedWithoutCursor = false;

  constructor(options: LiveOptions) {
    this.#options = options;
    this.#cursor = options.cursor;
    this.#stream = new ResilientStream({
      ...options,
      open: (signal) => this.#open(signal),
      receive: (item) => this.#receive(item),
      classify: (failure) => this.#classify(failure),
    });
  }

  start = (): void => this.#stream.start();
  stop = (): void => this.#stream.stop();
  wake = (): void => this.#stream.wake();
  interrupt = (): void => this.#stream.interrupt();

  #open(signal: AbortSignal): AsyncIterable<LiveItem> {
    this.#startedWithoutCursor = this.#cursor === "";
    return this.#options.subscribe(this.#cursor, signal);
  }

  #receive(item: LiveItem): ItemEffect {
    // Apply the changes before moving the cursor: a failure in between must not lose them.
    this.#options.onItem(item);
    if (item.cursor !== "") this.#cursor = item.cursor;
    if (item.resync || (item.caughtUp && this.#startedWithoutCursor)) {
      this.#startedWithoutCursor = false;
      this.#options.onGap();
    }
    return { live: item.caughtUp || item.resync, reconnectMs: item.reconnectMs };
  }

  #classify(failure: unknown): "retry" | "renew" | "end" {
    const reaction = this.#options.classify(failure);
    if (reaction !== "reset-cursor") return reaction;
    this.#cursor = "";
    return "retry";
  }
}
