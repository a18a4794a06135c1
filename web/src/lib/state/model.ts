/** The client's whole state, as one immutable value. */

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
  /** Oldest first, by message_id. Messages being sent are in `State.pending`. */
  readonly items: readonly Message[];
  readonly status: "cached" | "ready" | "failed";
  readonly hasOlder: boolean;
  readonly loadingOlder: boolean;
  /** The loaded part ends before the newest message: the user jumped to an older one. */
  readonly hasNewer: boolean;
  readonly loadingNewer: boolean;
  /** Changes when another part of the chat replaces the loaded one. */
  readonly part: number;
}

export const NOT_LOADED: LoadedMessages = {
  items: [],
  status: "cached",
  hasOlder: false,
  loadingOlder: false,
  hasNewer: false,
  loadingNewer: false,
  part: 0,
};

/** A change that arrived before its message. */
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
  /** Messages being sent, in sending order. */
  readonly pending: readonly Message[];
  readonly presences: ReadonlyMap<UserId, Presence>;
  /** The time at which each typing indicator expires. */
  readonly typing: ReadonlyMap<ChatId, ReadonlyMap<UserId, number>>;
  readonly uploads: ReadonlyMap<string, Upload>;
  /** The uploaded share of a pending message's files, from 0 to 1, by client_message_id. */
  readonly progress: ReadonlyMap<string, number>;
  readonly blocked: ReadonlySet<UserId>;
  /** Quoted messages that are in no loaded list; null: deleted. */
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

/** Return a copy of a map with one entry set. */
export function withEntry<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  return new Map(map).set(key, value);
}

export function withoutEntry<K, V>(map: ReadonlyMap<K, V>, key: K): ReadonlyMap<K, V> {
  if (!map.has(key)) return map;
  const copy = new Map(map);
  copy.delete(key);
  return copy;
}

/** Return the last `kept` entries. */
export function newest<K, V>(map: ReadonlyMap<K, V>, kept: number): ReadonlyMap<K, V> {
  return map.size <= kept ? map : new Map([...map].slice(-kept));
}
