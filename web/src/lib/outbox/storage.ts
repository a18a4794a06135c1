/** IndexedDB storage of the outbox and of the uploads. */

import type { Database } from "@/lib/browser/database";
import type { OutboxItem, OutboxStorage } from "./outbox";
import type { UploadRecord } from "./upload";

export interface UploadStorage {
  get(id: string): Promise<UploadRecord | undefined>;
  all(): Promise<readonly UploadRecord[]>;
  put(record: UploadRecord): Promise<void>;
  remove(id: string): Promise<void>;
}

export class IndexedDbOutbox implements OutboxStorage {
  readonly #database: Promise<Database>;

  constructor(database: Promise<Database>) {
    this.#database = database;
  }

  async all(): Promise<readonly OutboxItem[]> {
    return (await this.#database).getAll("outbox");
  }

  async put(item: OutboxItem): Promise<void> {
    await (await this.#database).put("outbox", item);
  }

  async remove(clientMessageId: string): Promise<void> {
    await (await this.#database).delete("outbox", clientMessageId);
  }
}

export class IndexedDbUploads implements UploadStorage {
  readonly #database: Promise<Database>;

  constructor(database: Promise<Database>) {
    this.#database = database;
  }

  async get(id: string): Promise<UploadRecord | undefined> {
    return (await this.#database).get("uploads", id);
  }

  async all(): Promise<readonly UploadRecord[]> {
    return (await this.#database).getAll("uploads");
  }

  async put(record: UploadRecord): Promise<void> {
    await (await this.#database).put("uploads", record);
  }

  async remove(id: string): Promise<void> {
    await (await this.#database).delete("uploads", id);
  }
}
