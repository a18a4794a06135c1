/** Views computed from the state. Pure. */

import { isNewer } from "@/lib/ids";
import { findIn } from "./messages";
import { type LoadedMessages, NOT_LOADED, type State } from "./model";
import type { Chat, ChatId, Message, MessageId, MessageList, Reaction, UserId } from "@/lib/types";

/** `sent`: the server has stored it. `read`: all other members have read it. */
export type Receipt = "sending" | "failed" | "sent" | "read";

export function chatsByActivity(chats: ReadonlyMap<ChatId, Chat>): readonly Chat[] {
  return [...chats.values()].sort((a, b) => b.lastActivityAt - a.lastActivityAt);
}

export function listOf(chatId: ChatId, loaded: LoadedMessages | undefined, pending: readonly Message[]): MessageList {
  const { items, ...rest } = loaded ?? NOT_LOADED;
  // Pending messages follow the newest message, which may not be loaded.
  const own = rest.hasNewer ? [] : pending.filter((message) => message.chatId === chatId);
  // The response or the live event may arrive before the queue is updated: show no message twice.
  const waiting = own.length === 0 ? own : withoutArrived(own, items);
  return {
    ...rest,
    messages: waiting.length === 0 ? items : [...items, ...waiting],
    status: loaded?.status ?? "empty",
  };
}

function withoutArrived(pending: readonly Message[], arrived: readonly Message[]): readonly Message[] {
  const keys = new Set(arrived.map((message) => message.key));
  return pending.filter((message) => !keys.has(message.key));
}

export function readersOf(message: Message, members: Chat["members"] | undefined): readonly UserId[] {
  if (!members || message.messageId === "") return [];
  return members
    .filter((member) => member.userId !== message.senderId && member.readMessageId !== null)
    .filter((member) => !isNewer(message.messageId, member.readMessageId))
    .map((member) => member.userId);
}

/** Deleted accounts do not count: they will never read the message. */
export function receiptOf(message: Message, chat: Chat | undefined, users: State["users"]): Receipt {
  if (message.state !== "sent") return message.state;
  const others = chat?.members.filter(
    ({ userId }) => userId !== message.senderId && users.get(userId)?.deleted !== true,
  );
  if (others === undefined || others.length === 0) return "sent";
  return readersOf(message, others).length === others.length ? "read" : "sent";
}

export interface ReactionGroup {
  readonly emoji: string;
  readonly userIds: readonly UserId[];
  readonly mine: boolean;
}

/** Group reactions by emoji, in the order of the first reaction of each. */
export function groupReactions(reactions: readonly Reaction[], me: UserId): readonly ReactionGroup[] {
  const groups = new Map<string, UserId[]>();
  for (const { emoji, userId } of reactions) groups.set(emoji, [...(groups.get(emoji) ?? []), userId]);
  return [...groups].map(([emoji, userIds]) => ({ emoji, userIds, mine: userIds.includes(me) }));
}

export function findMessage(state: State, chatId: ChatId, messageId: MessageId | null): Message | null {
  if (messageId === null) return null;
  const items = state.messages.get(chatId)?.items;
  return (items && findIn(items, messageId)) ?? state.quoted.get(messageId) ?? null;
}
