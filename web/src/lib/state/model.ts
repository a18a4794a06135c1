/** Everything the client knows, as one immutable value. */

import type {
  Chat,
  ChatId,
  ConnectionState,
  Message,
  MessageId,
  Presence,
  SessionState,
  Upload,
  User,
  UserId,
} from "@/lib/types";

export interface LoadedMessages {
  /** By message_id, oldest first; those being sent are in `State.pending`. */
  readonly items: readonly Message[];
  readonly status: "cached" | "ready" | "failed";
  readonly hasOlder: boolean;
  readonly loadingOlder: boolean;
  /** What is loaded ends before the chat does: somebody jumped to an older message. */
  readonly hasNewer: boolean;
  readonly loadingNewer: boolean;
  /** Another number: another part of the chat is loaded than before. */
  readonly part: number;
}

export const NOT_LOADED: LoadedMessages = {
  ...{ items: [], status: "cached", part: 0 },
  ...{ hasOlder: false, loadingOlder: false, hasNewer: false, loadingNewer: false },
};

/** A change of a message that is not known (yet): kept, in case the message comes later. */
export interface EarlyChange {
  readonly messageId: MessageId;
  readonly apply: (message: Message) => Message | null;
}

export interface State {
  readonly session: SessionState;
  readonly connection: ConnectionState;
  readonly me: User | null;
  readonly users: ReadonlyMap<UserId, User>;
  readonly chats: ReadonlyMap<ChatId, Chat>;
  readonly chatsStatus: "empty" | "cached" | "ready" | "failed";
  readonly messages: ReadonlyMap<ChatId, LoadedMessages>;
  /** Being sent, in the order of sending. */
  readonly pending: readonly Message[];
  readonly presences: ReadonlyMap<UserId, Presence>;
  /** Who types, and until when that is shown. */
  readonly typing: ReadonlyMap<ChatId, ReadonlyMap<UserId, number>>;
  readonly uploads: ReadonlyMap<string, Upload>;
  /** How much of its files a message being sent has uploaded, from 0 to 1, by client_message_id. */
  readonly progress: ReadonlyMap<string, number>;
  readonly blocked: ReadonlySet<UserId>;
  /** Messages shown as quotes that are not in a loaded list; null: gone. */
  readonly quoted: ReadonlyMap<MessageId, Message | null>;
  readonly early: readonly EarlyChange[];
}

export function initialState(session: SessionState): State {
  return {
    session,
    connection: { phase: "connecting", retryAt: null, since: null },
    me: null,
    users: new Map(),
    chats: new Map(),
    chatsStatus: "empty",
    messages: new Map(),
    pending: [],
    presences: new Map(),
    typing: new Map(),
    uploads: new Map(),
    progress: new Map(),
    blocked: new Set(),
    quoted: new Map(),
    early: [],
  };
}

/** A copy of a map with one entry changed. */
export function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}

export function withoutEntry<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  if (!map.has(key)) return map;
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}

/** The last so many entries. */
export function newest<K, V>(map: ReadonlyMap<K, V>, kept: number): ReadonlyMap<K, V> {
  return map.size <= kept ? map : new Map([...map].slice(-kept));
}
