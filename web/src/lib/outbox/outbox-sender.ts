/** Sends one outbox item: uploads its files, sends the message, and publishes the stored message to every tab. */

import type { Change } from "@/lib/live/changes";
import type { Clients } from "@/lib/rpc/clients";
import { messageOf } from "@/lib/rpc/mapping";
import { type State, withEntry, withoutEntry } from "@/lib/state/model";
import type { Store } from "@/lib/state/store";
import { ChatlyError, type Message } from "@/lib/types";
import type { OutboxItem } from "./outbox";
import type { UploadStorage } from "./storage";
import type { UploadQueue } from "./upload-queue";

export interface OutboxSenderOptions {
  readonly store: Store<State>;
  readonly messaging: Pick<Clients["messaging"], "sendMessage">;
  readonly uploadStorage: Pick<UploadStorage, "get">;
  readonly uploadQueue: Pick<UploadQueue, "finish">;
  /** Applies a change in every tab. */
  readonly publish: (change: Change) => void;
}

export class OutboxSender {
  readonly #options: OutboxSenderOptions;

  constructor(options: OutboxSenderOptions) {
    this.#options = options;
  }

  /** Return the message as the server stored it. Safe to repeat. */
  async send(item: OutboxItem, signal: AbortSignal): Promise<Message> {
    const mediaIds = await this.#finishUploads(item, signal);
    const { message } = await this.#options.messaging.sendMessage(
      {
        chatId: item.chatId,
        clientMessageId: item.clientMessageId,
        text: item.text,
        replyToMessageId: item.replyToMessageId ?? "",
        mediaIds,
      },
      { signal },
    );
    if (!message) throw new ChatlyError("INTERNAL", "the SendMessage response contains no message");
    return messageOf(message);
  }

  /** Publish the stored message. The stream delivers the same message as an event; the first of the two counts. */
  publish({ clientMessageId, chatId }: OutboxItem, message: Message): void {
    this.#options.store.update((state) => ({ ...state, progress: withoutEntry(state.progress, clientMessageId) }));
    this.#options.publish({
      kind: "message",
      eventId: message.messageId,
      chatId,
      at: message.createdAt,
      message,
    });
  }

  async #finishUploads(item: OutboxItem, signal: AbortSignal): Promise<string[]> {
    const mediaIds: string[] = [];
    for (const [index, id] of item.uploadIds.entries()) {
      const file = await this.#options.uploadStorage.get(id);
      const size = Math.max(1, file?.blob.size ?? 1);
      const onProgress = (sent: number) => this.#showProgress(item, (index + sent / size) / item.uploadIds.length);
      mediaIds.push(await this.#options.uploadQueue.finish(id, onProgress, signal));
    }
    return mediaIds;
  }

  #showProgress({ clientMessageId }: OutboxItem, share: number): void {
    this.#options.store.update((state) => ({
      ...state,
      progress: withEntry(state.progress, clientMessageId, share),
    }));
  }
}
