/** Sends read marks to the server, and retries until it has them. */

import { inBackground } from "./background";
import { type ChatId, ChatlyError, type MessageId } from "./types";

const DELAY_MS = 300;
const LONGEST_PAUSE_MS = 15_000;

export interface ReadMarkSenderOptions {
  readonly send: (chatId: ChatId, messageId: MessageId) => Promise<unknown>;
  /** Returns the newest message before this one that the tab knows, or null. */
  readonly newestBefore: (chatId: ChatId, messageId: MessageId) => MessageId | null;
  readonly signal: AbortSignal;
}

/** `gone`: the server does not have the message, for example because it was a second copy of a send. */
type Outcome = "done" | "retry" | "gone";

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
      const outcome = await this.#send(chatId, messageId);
      pause = outcome === "retry" ? Math.min(LONGEST_PAUSE_MS, 2 * pause) : DELAY_MS;
      // A newer mark may have been set meanwhile.
      if (outcome !== "retry" && this.#marks.get(chatId) === messageId) {
        this.#marks.delete(chatId);
        // The messages before one that is gone are read all the same.
        const before = outcome === "gone" ? this.#options.newestBefore(chatId, messageId) : null;
        if (before !== null) this.#marks.set(chatId, before);
      }
      if (!this.#marks.has(chatId)) break;
    }
    this.#sending.delete(chatId);
  }

  async #send(chatId: ChatId, messageId: MessageId): Promise<Outcome> {
    try {
      await this.#options.send(chatId, messageId);
      return "done";
    } catch (failure) {
      if (!(failure instanceof ChatlyError)) return "done";
      if (failure.reason === "MESSAGE_NOT_FOUND") return "gone";
      // A chat that the user cannot read any more needs no mark.
      return failure.details.retryable === true ? "retry" : "done";
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
