/** Ids: how to compare and create them. */

import type { ChatId, MessageId, UserId } from "./types";

/** Return a TimeUUID's sort key as text: its time, most significant digits first, then the rest. */
export function timeKey(id: MessageId): string {
  return `${id.slice(15, 18)}${id.slice(9, 13)}${id.slice(0, 8)}${id.slice(19)}`;
}

/** Return a number below 0 if `a` comes before `b` in a chat. */
export function compareIds(a: MessageId, b: MessageId): number {
  const [left, right] = [timeKey(a), timeKey(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

export function isNewer(a: MessageId, b: MessageId | null): boolean {
  return b === null || b === "" || compareIds(a, b) > 0;
}

/** Return the later of two ids; null if both are. */
export function laterId(a: MessageId | null, b: MessageId | null): MessageId | null {
  return a !== null && isNewer(a, b) ? a : b;
}

export function directChatId(a: UserId, b: UserId): ChatId {
  return [a, b].sort().join("_");
}

/** Return the other member of a 1:1 chat, or null for a group. */
export function peerOf(chatId: ChatId, me: UserId): UserId | null {
  const [first, second] = chatId.split("_");
  if (second === undefined) return null;
  return (first === me ? second : first) ?? null;
}

/** Return a UUID of version 7, which begins with the time. The server needs no lookup for a send with such an id. */
export function newId(now = Date.now()): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  new DataView(bytes.buffer).setUint16(0, Math.floor(now / 2 ** 32));
  new DataView(bytes.buffer).setUint32(2, now % 2 ** 32);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
