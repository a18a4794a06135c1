/** Applies a change to the state. Pure and idempotent. */

import { compareIds, isNewer, peerOf } from "@/lib/ids";
import type { Change } from "@/lib/live/changes";
import type { Chat, ChatId, Message, UserId } from "@/lib/types";
import {
  changeMessage,
  deletedForEveryone,
  edited,
  findIn,
  reacted,
  unreadAfter,
  unreadUpTo,
  withLive,
} from "./messages";
import { type State, withEntry, withoutEntry } from "./model";
import { isUnread, readingStart } from "./reading";

/** How long a typing indicator is shown without a new event. */
export const TYPING_MS = 6_000;
/** Changes kept for messages that are not loaded yet. */
const EARLY_KEPT = 200;
/** The server counts unread messages up to this number. */
const UNREAD_LIMIT = 1_000;

type Body<K extends Change["kind"]> = Extract<Change, { kind: K }>;

export function applyChange(state: State, change: Change, me: UserId): State {
  switch (change.kind) {
    case "message":
      return applyMessage(state, change.message, me);
    case "edited":
      return applyToMessage(state, change, (message) => edited(message, change.text, change.editedAt, change.editId));
    case "deleted":
      return applyToMessage(
        withLessUnread(state, change, me),
        change,
        change.forEveryone && !change.withdrawn ? deletedForEveryone : () => null,
      );
    case "reaction": {
      const reaction = { userId: change.userId, emoji: change.emoji, createdAt: change.at };
      return applyToMessage(state, change, (message) => reacted(message, reaction, change.present));
    }
    case "read":
      return applyRead(state, change, me);
    case "chat":
      return applyDetails(state, change);
    case "member":
      return applyMember(state, change, me);
    case "typing":
      return withTyping(state, change.chatId, change.userId, change.active && change.userId !== me, change.at);
  }
}

export function applyMessage(state: State, sent: Message, me: UserId): State {
  const message = state.early.reduce<Message | null>(
    (changed, early) => (changed && early.messageId === changed.messageId ? early.apply(changed) : changed),
    sent,
  );
  const pending = state.pending.filter((waiting) => waiting.key !== sent.key);
  const sentState = pending.length === state.pending.length ? state : { ...state, pending };
  if (message === null) return sentState;
  const list = sentState.messages.get(message.chatId);
  const now = list && withLive(list, message);
  const messages = now && now !== list ? withEntry(sentState.messages, message.chatId, now) : sentState.messages;
  const withoutTyping = withTyping(sentState, message.chatId, message.senderId, false, message.createdAt);
  const chats = withLastMessage(withoutTyping.chats, message, me);
  // Senders have read what they sent, and everything before it: also on their other devices.
  const { chatId, senderId: userId, messageId } = message;
  return applyRead({ ...withoutTyping, messages, chats }, { chatId, userId, messageId }, me);
}

function withLastMessage(chats: State["chats"], message: Message, me: UserId): State["chats"] {
  const chat = chats.get(message.chatId) ?? newDirectChat(message.chatId, me);
  if (chat === null || !isNewer(message.messageId, chat.lastMessage?.messageId ?? null)) return chats;
  const unread = isUnread(message, readingStart(chat, me), me);
  return withEntry(chats, message.chatId, {
    ...chat,
    lastMessage: message,
    lastActivityAt: Math.max(chat.lastActivityAt, message.createdAt),
    unreadCount: chat.unreadCount + (unread ? 1 : 0),
  });
}

/** Count one unread message less, if it was one. Nothing is known of a message that is not loaded. */
function withLessUnread(state: State, { chatId, messageId }: Body<"deleted">, me: UserId): State {
  const chat = state.chats.get(chatId);
  if (!chat || chat.unreadCount === 0) return state;
  const last = chat.lastMessage?.messageId === messageId ? chat.lastMessage : undefined;
  const message = findIn(state.messages.get(chatId)?.items ?? [], messageId) ?? last;
  if (message === undefined || !isUnread(message, readingStart(chat, me), me)) return state;
  return { ...state, chats: withEntry(state.chats, chatId, { ...chat, unreadCount: chat.unreadCount - 1 }) };
}

/** Return the 1:1 chat of this id; null for a group, whose details have to be loaded. */
export function newDirectChat(chatId: ChatId, me: UserId): Chat | null {
  const peerId = peerOf(chatId, me);
  if (peerId === null) return null;
  const members = [me, peerId].map((userId) => ({ userId, role: null, readMessageId: null }));
  return {
    chatId,
    kind: "direct",
    title: "",
    description: "",
    avatarUrl: null,
    members,
    peerId,
    lastMessage: null,
    unreadCount: 0,
    unreadAfterId: null,
    lastActivityAt: 0,
    historyShared: false,
  };
}

function applyToMessage(
  state: State,
  { chatId, messageId }: Body<"edited" | "deleted" | "reaction">,
  apply: (message: Message) => Message | null,
): State {
  const list = state.messages.get(chatId);
  const items = list ? changeMessage(list.items, messageId, apply) : [];
  const chat = state.chats.get(chatId);
  const last = chat?.lastMessage?.messageId === messageId ? apply(chat.lastMessage) : null;
  // Without its last message, the chat previews the loaded message before it; null makes the caller load the chat.
  const preview = last ?? items.at(-1) ?? null;
  const isLast = chat?.lastMessage?.messageId === messageId;
  const isLoaded = list !== undefined && findIn(list.items, messageId) !== undefined;
  return {
    ...state,
    messages: list && items !== list.items ? withEntry(state.messages, chatId, { ...list, items }) : state.messages,
    chats: chat && isLast ? withEntry(state.chats, chatId, { ...chat, lastMessage: preview }) : state.chats,
    quoted: changeQuoted(state.quoted, messageId, apply),
    early: isLoaded ? state.early : [...state.early, { messageId, apply }].slice(-EARLY_KEPT),
  };
}

function changeQuoted(
  quoted: State["quoted"],
  messageId: string,
  apply: (message: Message) => Message | null,
): State["quoted"] {
  const message = quoted.get(messageId);
  return message ? withEntry(quoted, messageId, apply(message)) : quoted;
}

function applyRead(
  state: State,
  { chatId, userId, messageId }: Omit<Body<"read">, "kind" | "eventId" | "at">,
  me: UserId,
): State {
  const chat = state.chats.get(chatId);
  const member = chat?.members.find((other) => other.userId === userId);
  if (!chat || !member || !isNewer(messageId, member.readMessageId)) return state;
  const members = chat.members.map((other) => (other === member ? { ...other, readMessageId: messageId } : other));
  const unreadCount = userId === me ? unreadNow(state, chat, messageId, me) : chat.unreadCount;
  return { ...state, chats: withEntry(state.chats, chatId, { ...chat, members, unreadCount }) };
}

/** Count what is unread after a new read mark. Without the messages in between the count stays, and the chat is loaded. */
function unreadNow(state: State, chat: Chat, mark: string, me: UserId): number {
  if (chat.lastMessage === null || compareIds(chat.lastMessage.messageId, mark) <= 0) return 0;
  const list = state.messages.get(chat.chatId);
  const after = unreadAfter(list, mark, me);
  if (after !== null || chat.unreadCount >= UNREAD_LIMIT) return after ?? chat.unreadCount;
  const read = unreadUpTo(list, readingStart(chat, me), mark, me);
  return read === null ? chat.unreadCount : Math.max(1, chat.unreadCount - read);
}

function applyDetails(state: State, { chatId, details, at }: Body<"chat">): State {
  const chat = state.chats.get(chatId);
  const marks = new Map(chat?.members.map((member) => [member.userId, member.readMessageId]));
  const members = details.members.map((member) => ({ ...member, readMessageId: marks.get(member.userId) ?? null }));
  const before = chat ?? { peerId: null, lastMessage: null, unreadCount: 0, unreadAfterId: null, lastActivityAt: at };
  return { ...state, chats: withEntry(state.chats, chatId, { ...before, ...details, chatId, members }) };
}

function applyMember(state: State, { chatId, userId, role }: Body<"member">, me: UserId): State {
  if (role === null && userId === me) {
    return { ...state, chats: withoutEntry(state.chats, chatId), messages: withoutEntry(state.messages, chatId) };
  }
  const chat = state.chats.get(chatId);
  if (!chat) return state;
  const member = chat.members.find((other) => other.userId === userId);
  const others = chat.members.filter((other) => other !== member);
  const members = role === null ? others : [...others, { userId, role, readMessageId: member?.readMessageId ?? null }];
  return { ...state, chats: withEntry(state.chats, chatId, { ...chat, members }) };
}

/** Return the state with the user's newer read marks of `before`: a response may not have them yet. */
export function withOwnMarks(state: State, before: State["chats"], me: UserId): State {
  let next = state;
  for (const [chatId, chat] of before) {
    const messageId = chat.members.find((member) => member.userId === me)?.readMessageId;
    if (messageId) next = applyRead(next, { chatId, userId: me, messageId }, me);
  }
  return next;
}

export function withTyping(state: State, chatId: ChatId, userId: UserId, active: boolean, now: number): State {
  const inChat = state.typing.get(chatId);
  if (active)
    return {
      ...state,
      typing: withEntry(state.typing, chatId, withEntry(inChat ?? new Map<UserId, number>(), userId, now + TYPING_MS)),
    };
  if (!inChat?.has(userId)) return state;
  return { ...state, typing: withEntry(state.typing, chatId, withoutEntry(inChat, userId)) };
}

/** Return the state without typing indicators that have expired. */
export function withoutStaleTyping(state: State, now: number): State {
  let next = state;
  for (const [chatId, users] of state.typing) {
    for (const [userId, until] of users) if (until <= now) next = withTyping(next, chatId, userId, false, now);
  }
  return next;
}
