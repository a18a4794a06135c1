/** Stores messages until the server has them, and sends them in order, each once by its client_message_id. */

import { inBackground } from "@/lib/background";
import type { ChatId, ChatlyError, Message, MessageId } from "@/lib/types";

export interface OutboxItem {
  readonly clientMessageId: string;
  readonly chatId: ChatId;
  readonly text: string;
  readonly replyToMessageId: MessageId | null;
  readonly uploadIds: readonly string[];
  readonly createdAt: number;
  /** Items are sent by growing order. */
  readonly order: number;
  /** The reason why the server rejected it; null while it waits. */
  readonly failure: string | null;
}

/** Durable, and shared by all tabs. */
export interface OutboxStorage {
  all(): Promise<readonly OutboxItem[]>;
  put(item: OutboxItem): Promise<void>;
  remove(clientMessageId: string): Promise<void>;
}

export interface OutboxOptions {
  readonly storage: OutboxStorage;
  /** Sends an item; safe to repeat. */
  readonly send: (item: OutboxItem, signal: AbortSignal) => Promise<Message>;
  readonly onSent: (item: OutboxItem, message: Message) => void;
  /** The stored items changed. */
  readonly onChanged: () => void;
  readonly asError: (failure: unknown) => ChatlyError;
  readonly random?: () => number;
}

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;

/** Sends the stored items; only the leading tab runs it. Messages of one chat wait for each other, chats do not. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #stop = new AbortController();
  readonly #draining = new Set<ChatId>();
  /** Each function ends one pause. */
  readonly #pauses = new Set<() => void>();

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  stop(): void {
    this.#stop.abort();
    this.#endPauses();
  }

  /** Send what is stored now: an item was added, or the network is back. */
  wake(): void {
    this.#endPauses();
    inBackground(this.#stop.signal, this.#drainAll());
  }

  async #drainAll(): Promise<void> {
    for (const item of await this.#waiting()) {
      if (!this.#draining.has(item.chatId) && !this.#stop.signal.aborted)
        inBackground(this.#stop.signal, this.#drain(item.chatId));
    }
  }

  async #waiting(): Promise<readonly OutboxItem[]> {
    const items = await this.#options.storage.all();
    return items.filter((item) => item.failure === null).sort((a, b) => a.order - b.order);
  }

  async #drain(chatId: ChatId): Promise<void> {
    this.#draining.add(chatId);
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      const item = (await this.#waiting()).find((waiting) => waiting.chatId === chatId);
      if (item === undefined) break;
      const error = await this.#deliver(item);
      if (error === null) failures = 0;
      else await this.#pause(error, failures++);
    }
    this.#draining.delete(chatId);
    // An item added while this loop was ending did not start another loop.
    if (!this.#stop.signal.aborted && (await this.#waiting()).some((item) => item.chatId === chatId)) this.wake();
  }

  /** Return null when the item was sent or rejected, or else the error that requires a retry. */
  async #deliver(item: OutboxItem): Promise<ChatlyError | null> {
    try {
      const message = await this.#options.send(item, this.#stop.signal);
      await this.#options.storage.remove(item.clientMessageId);
      this.#options.onSent(item, message);
    } catch (failure) {
      const error = this.#options.asError(failure);
      if (error.details.retryable || this.#stop.signal.aborted) return error;
      await this.#markFailed(item, error.reason);
    }
    this.#options.onChanged();
    return null;
  }

  async #markFailed(item: OutboxItem, reason: string): Promise<void> {
    const stored = await this.#options.storage.all();
    // The user may have discarded it meanwhile: do not store it again.
    if (!stored.some((other) => other.clientMessageId === item.clientMessageId)) return;
    await this.#options.storage.put({ ...item, failure: reason });
  }

  #pause(error: ChatlyError, failures: number): Promise<void> {
    const ceiling = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures);
    const jittered = 100 + (this.#options.random ?? Math.random)() * (ceiling - 100);
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#pauses.delete(done);
        resolve();
      };
      const timer = setTimeout(done, Math.max(jittered, error.details.retryAfterMs ?? 0));
      this.#pauses.add(done);
      if (this.#stop.signal.aborted) done();
    });
  }

  #endPauses(): void {
    for (const end of [...this.#pauses]) end();
  }
}
