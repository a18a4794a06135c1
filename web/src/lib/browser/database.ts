/** The IndexedDB database of one user: outbox, uploads and cache. It holds no secrets. */

import { type DBSchema, deleteDB, type IDBPDatabase, openDB } from "idb";
import type { OutboxItem } from "@/lib/outbox/outbox";
import type { UploadRecord } from "@/lib/outbox/upload";
import type { Chat, ChatId, Message, User, UserId } from "@/lib/types";

interface Schema extends DBSchema {
  outbox: { key: string; value: OutboxItem };
  uploads: { key: string; value: UploadRecord };
  chats: { key: ChatId; value: Chat };
  messages: { key: ChatId; value: { chatId: ChatId; items: readonly Message[]; savedAt: number } };
  users: { key: UserId; value: User };
}

export type Database = IDBPDatabase<Schema>;

const VERSION = 1;

function nameOf(userId: UserId): string {
  return `chatly-${userId}`;
}

export function openDatabase(userId: UserId): Promise<Database> {
  return openDB<Schema>(nameOf(userId), VERSION, {
    upgrade(database) {
      database.createObjectStore("outbox", { keyPath: "clientMessageId" });
      database.createObjectStore("uploads", { keyPath: "id" });
      database.createObjectStore("chats", { keyPath: "chatId" });
      database.createObjectStore("messages", { keyPath: "chatId" });
      database.createObjectStore("users", { keyPath: "userId" });
    },
    // A logout in another tab deletes the database; an open connection would block that.
    blocking(_current, _blocked, event) {
      (event.target as IDBDatabase).close();
    },
  });
}

/** Delete everything that this browser stores for a user. */
export async function deleteDatabase(userId: UserId): Promise<void> {
  await deleteDB(nameOf(userId));
}

/** Delete what the user could read here; keep what was not sent yet. */
export async function clearCache(userId: UserId): Promise<void> {
  const database = await openDatabase(userId);
  await Promise.all([database.clear("chats"), database.clear("messages"), database.clear("users")]);
  database.close();
}
