/** Sends read marks to the server, and retries until it has them. */

import { inBackground } from "./background";
import { type ChatId, ChatlyError, type MessageId } from "./types";

const DELAY_MS = 300;
const LONGEST_PAUSE_MS = 15_000;

export interface ReadMarkSenderOptions {
  readonly send: (chatId: ChatId, messageId: MessageId) => Promise<unknown>;
  readonly signal: AbortSignal;
}

/** Marks move with every scroll: of the marks within a short delay only the newest is sent. */
export class ReadMarkSender {
  readonly #options: ReadMarkSenderOptions;
  readonly #marks = new Map<ChatId, MessageId>();
  readonly #sending = new Set<ChatId>();
  /** Each function ends one pause. */
  readonly #pauses = new Set<() => void>();

  constructor(options: ReadMarkSenderOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", this.flush);
  }

  mark(chatId: ChatId, messageId: MessageId): void {
    this.#marks.set(chatId, messageId);
    if (!this.#sending.has(chatId)) inBackground(this.#options.signal, this.#run(chatId));
  }

  /** Send without waiting: the connection is back, or the page may close. */
  readonly flush = (): void => {
    for (const end of this.#pauses) end();
  };

  async #run(chatId: ChatId): Promise<void> {
    this.#sending.add(chatId);
    for (let pause = DELAY_MS; ;) {
      await this.#pause(pause);
      const messageId = this.#marks.get(chatId);
      if (messageId === undefined || this.#options.signal.aborted) break;
      const isDone = await this.#send(chatId, messageId);
      pause = isDone ? DELAY_MS : Math.min(LONGEST_PAUSE_MS, 2 * pause);
      // A newer mark may have been set meanwhile.
      if (isDone && this.#marks.get(chatId) === messageId) this.#marks.delete(chatId);
      if (!this.#marks.has(chatId)) break;
    }
    this.#sending.delete(chatId);
  }

  /** Return false if the mark should be sent again. */
  async #send(chatId: ChatId, messageId: MessageId): Promise<boolean> {
    try {
      await this.#options.send(chatId, messageId);
      return true;
    } catch (failure) {
      // A deleted message or chat needs no mark.
      return !(failure instanceof ChatlyError) || failure.details.retryable !== true;
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#pauses.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#pauses.add(done);
    });
  }
}
