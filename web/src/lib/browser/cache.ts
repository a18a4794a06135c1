/** The cache that the client shows before the server answers. It may be stale or missing. */

import type { Chat, ChatId, Message, User } from "@/lib/types";
import type { Database } from "./database";

/** Messages kept per chat: one or two screens. */
const MESSAGES_KEPT = 60;
const CHATS_KEPT = 500;

export interface Cache {
  chats(): Promise<readonly Chat[]>;
  users(): Promise<readonly User[]>;
  messages(chatId: ChatId): Promise<readonly Message[]>;
  saveChats(chats: readonly Chat[]): Promise<void>;
  saveUsers(users: readonly User[]): Promise<void>;
  saveMessages(chatId: ChatId, items: readonly Message[]): Promise<void>;
}

export class IndexedDbCache implements Cache {
  readonly #database: Promise<Database>;

  constructor(database: Promise<Database>) {
    this.#database = database;
  }

  async chats(): Promise<readonly Chat[]> {
    return (await this.#database).getAll("chats");
  }

  async users(): Promise<readonly User[]> {
    return (await this.#database).getAll("users");
  }

  async messages(chatId: ChatId): Promise<readonly Message[]> {
    return (await (await this.#database).get("messages", chatId))?.items ?? [];
  }

  async saveChats(chats: readonly Chat[]): Promise<void> {
    const transaction = (await this.#database).transaction("chats", "readwrite");
    void transaction.store.clear();
    for (const chat of chats.slice(0, CHATS_KEPT)) void transaction.store.put(chat);
    await transaction.done;
  }

  async saveUsers(users: readonly User[]): Promise<void> {
    const transaction = (await this.#database).transaction("users", "readwrite");
    for (const user of users) void transaction.store.put(user);
    await transaction.done;
  }

  async saveMessages(chatId: ChatId, items: readonly Message[]): Promise<void> {
    await (await this.#database).put("messages", { chatId, items: items.slice(-MESSAGES_KEPT), savedAt: Date.now() });
  }
}
