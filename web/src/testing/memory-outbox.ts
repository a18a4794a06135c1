/** Storage of an outbox in memory. */

import type { OutboxItem, OutboxStorage } from "@/lib/outbox/outbox";

export class MemoryOutbox implements OutboxStorage {
  readonly #items = new Map<string, OutboxItem>();

  constructor(items: readonly OutboxItem[] = []) {
    for (const item of items) this.#items.set(item.clientMessageId, item);
  }

  all(): Promise<readonly OutboxItem[]> {
    return Promise.resolve([...this.#items.values()]);
  }

  put(item: OutboxItem): Promise<void> {
    this.#items.set(item.clientMessageId, item);
    return Promise.resolve();
  }

  remove(clientMessageId: string): Promise<void> {
    this.#items.delete(clientMessageId);
    return Promise.resolve();
  }
}
