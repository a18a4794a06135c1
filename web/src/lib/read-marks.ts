/** Read marks on their way to the server. What is shown as read here is told there, whatever fails in between. */

import { inBackground } from "./background";
import { type ChatId, ChatlyError, type MessageId } from "./types";

const LAG_MS = 300;
const LONGEST_PAUSE_MS = 15_000;

export interface ReadGathererOptions {
  readonly tell: (chatId: ChatId, messageId: MessageId) => Promise<unknown>;
  readonly signal: AbortSignal;
}

/** Marks follow each other while one scrolls: of those of a moment only the last is told, and again until it was heard. */
export class ReadGatherer {
  readonly #options: ReadGathererOptions;
  readonly #marks = new Map<ChatId, MessageId>();
  readonly #telling = new Set<ChatId>();
  readonly #sleepers = new Set<() => void>();

  constructor(options: ReadGathererOptions) {
    this.#options = options;
    options.signal.addEventListener("abort", this.hurry);
  }

  mark(chatId: ChatId, messageId: MessageId): void {
    this.#marks.set(chatId, messageId);
    if (!this.#telling.has(chatId)) inBackground(this.#options.signal, this.#run(chatId));
  }

  /** Do not wait: the connection is back, or the page may go. */
  readonly hurry = (): void => {
    for (const wake of this.#sleepers) wake();
  };

  async #run(chatId: ChatId): Promise<void> {
    this.#telling.add(chatId);
    for (let pause = LAG_MS; ;) {
      await this.#pause(pause);
      const messageId = this.#marks.get(chatId);
      if (messageId === undefined || this.#options.signal.aborted) break;
      const heard = await this.#told(chatId, messageId);
      pause = heard ? LAG_MS : Math.min(LONGEST_PAUSE_MS, 2 * pause);
      // A newer one may have come meanwhile.
      if (heard && this.#marks.get(chatId) === messageId) this.#marks.delete(chatId);
      if (!this.#marks.has(chatId)) break;
    }
    this.#telling.delete(chatId);
  }

  /** False if it is worth another try. */
  async #told(chatId: ChatId, messageId: MessageId): Promise<boolean> {
    try {
      await this.#options.tell(chatId, messageId);
      return true;
    } catch (failure) {
      // A message or a chat that is gone needs no mark.
      return !(failure instanceof ChatlyError) || failure.details.retryable !== true;
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#sleepers.delete(done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#sleepers.add(done);
    });
  }
}
