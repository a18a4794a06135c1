/** Builders of test data with defaults for every field. */

import type { Change, ChangeBody, LiveItem } from "@/lib/live/changes";
import { initialState, NOT_LOADED, type State } from "@/lib/state/model";
import type { OutboxItem } from "@/lib/outbox/outbox";
import type { Chat, Message, Presence } from "@/lib/types";

export const ME = "00000000-0000-4000-8000-00000000000a";
export const PEER = "00000000-0000-4000-8000-00000000000b";
export const CHAT = `${ME}_${PEER}`;
export const GROUP = "00000000-0000-4000-8000-0000000000aa";

/** Return a TimeUUID that sorts by `tick`. */
export function timeId(tick: number): string {
  return `${tick.toString(16).padStart(8, "0")}-0000-1000-8000-000000000000`;
}

export function aMessage(tick: number, message: Partial<Message> = {}): Message {
  return {
    key: `${PEER}:${tick}`,
    messageId: timeId(tick),
    clientMessageId: String(tick),
    chatId: CHAT,
    senderId: PEER,
    text: `message ${tick}`,
    replyToMessageId: null,
    attachments: [],
    reactions: [],
    createdAt: tick,
    editedAt: null,
    editId: null,
    deletedForEveryone: false,
    state: "sent",
    failure: null,
    ...message,
  };
}

export function aChat(chat: Partial<Chat> = {}): Chat {
  return {
    chatId: CHAT,
    kind: "direct",
    title: "",
    description: "",
    avatarUrl: null,
    members: [ME, PEER].map((userId) => ({ userId, role: null, readMessageId: null })),
    peerId: PEER,
    lastMessage: null,
    unreadCount: 0,
    unreadAfterId: null,
    lastActivityAt: 0,
    historyShared: false,
    ...chat,
  };
}

export function aPresence(presence: Partial<Presence> = {}): Presence {
  return { userId: PEER, online: true, lastSeenAt: null, status: null, version: 1, ...presence };
}

let items = 0;

/** Return an outbox item behind all earlier ones. */
export function anOutboxItem(item: Partial<OutboxItem> = {}): OutboxItem {
  const order = ++items;
  return {
    clientMessageId: `item-${order}`,
    chatId: CHAT,
    text: `item ${order}`,
    replyToMessageId: null,
    uploadIds: [],
    createdAt: 0,
    order,
    failure: null,
    ...item,
  };
}

let events = 0;

export function aChange(body: ChangeBody, change: Partial<Pick<Change, "eventId" | "chatId" | "at">> = {}): Change {
  return { eventId: `event-${++events}`, chatId: CHAT, at: 1, ...body, ...change };
}

export function created(tick: number, message: Partial<Message> = {}): Change {
  return aChange({ kind: "message", message: aMessage(tick, message) }, { chatId: message.chatId ?? CHAT });
}

export function anItem(item: Partial<LiveItem> = {}): LiveItem {
  return { changes: [], cursor: "", caughtUp: false, resync: false, reconnectMs: null, ...item };
}

/** Return a state with a logged-in user and one chat with loaded messages. */
export function aState(messages: readonly Message[] = []): State {
  const state = initialState({ phase: "signed-in", userId: ME, username: "me" });
  const list = { ...NOT_LOADED, items: messages, status: "ready" as const };
  const lastMessage = messages.at(-1) ?? null;
  return { ...state, chats: new Map([[CHAT, aChat({ lastMessage })]]), messages: new Map([[CHAT, list]]) };
}

/** Return the texts of the messages shown in a chat. */
export function texts(state: State, chatId = CHAT): readonly string[] {
  return state.messages.get(chatId)?.items.map((message) => message.text) ?? [];
}
