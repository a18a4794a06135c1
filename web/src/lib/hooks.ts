/** How components see the client: each hook returns the same value until what it shows changes. */

import { createContext, useCallback, useContext, useEffect, useMemo, useSyncExternalStore } from "react";
import type { Actions } from "./actions/types";
import type { Client } from "./client";
import { chatsByActivity, findMessage, listOf, readersOf, receiptOf, type Receipt } from "./state/selectors";
import type { State } from "./state/model";
import type {
  Chat,
  ChatId,
  ConnectionState,
  Message,
  MessageId,
  MessageList,
  Presence,
  SessionState,
  Upload,
  User,
  UserId,
} from "./types";

/** Provided once by the app: `<ClientContext value={openClient()}>`. */
export const ClientContext = createContext<Client | null>(null);

export function useClient(): Client {
  const client = useContext(ClientContext);
  if (client === null) throw new Error("no ClientContext above this component");
  return client;
}

function useSelected<T>(select: (state: State) => T): T {
  const { store } = useClient();
  return useSyncExternalStore(store.subscribe, () => select(store.get()));
}

export function useActions(): Actions {
  return useClient().actions;
}

export function useSession(): SessionState {
  return useSelected((state) => state.session);
}

export function useConnection(): ConnectionState {
  return useSelected((state) => state.connection);
}

/** One's own profile; null until it is known. */
export function useMe(): User | null {
  return useSelected((state) => state.me);
}

/** By last activity, newest first. */
export function useChats(): { chats: readonly Chat[]; status: State["chatsStatus"]; reload: () => void } {
  const client = useClient();
  const chats = useSelected((state) => state.chats);
  const status = useSelected((state) => state.chatsStatus);
  const sorted = useMemo(() => chatsByActivity(chats), [chats]);
  return { chats: sorted, status, reload: client.reloadChats };
}

/** Null if it is not known, for example a 1:1 chat before its first message. */
export function useChat(chatId: ChatId): Chat | null {
  return useSelected((state) => state.chats.get(chatId) ?? null);
}

/** A chat's messages; loads them when first shown, and again after a gap. */
export function useMessages(chatId: ChatId): MessageList & ReturnType<typeof useMessageLoading> {
  const client = useClient();
  useEffect(() => client.watchChat(chatId), [client, chatId]);
  const loaded = useSelected((state) => state.messages.get(chatId));
  const pending = useSelected((state) => state.pending);
  const list = useMemo(() => listOf(chatId, loaded, pending), [chatId, loaded, pending]);
  const loading = useMessageLoading(chatId);
  return useMemo(() => ({ ...list, ...loading }), [list, loading]);
}

/** The chat's messages at the time of the call, for who looks now and then: their changes draw nothing anew. */
export function useMessagesNow(chatId: ChatId): () => readonly Message[] {
  const { store } = useClient();
  return useCallback(() => {
    const { messages, pending } = store.get();
    return listOf(chatId, messages.get(chatId), pending).messages;
  }, [store, chatId]);
}

/** What can be loaded of a chat beside what is shown. */
function useMessageLoading(chatId: ChatId) {
  const client = useClient();
  return useMemo(
    () => ({
      loadOlder: () => client.loadOlder(chatId),
      loadNewer: () => client.loadNewer(chatId),
      showNewest: () => client.showNewest(chatId),
      showMessage: (messageId: MessageId) => client.showMessage(chatId, messageId),
      reload: () => client.reloadMessages(chatId),
    }),
    [client, chatId],
  );
}

/** One message of a chat, for quotes: fetched if it is not loaded; null while unknown or if it is gone. */
export function useMessage(chatId: ChatId, messageId: MessageId | null): Message | null {
  const client = useClient();
  const found = useSelected((state) => findMessage(state, chatId, messageId));
  useEffect(() => {
    if (messageId !== null && found === null) client.needMessage(chatId, messageId);
  }, [client, chatId, messageId, found]);
  return found;
}

/** How far one's own message has come: its ticks. */
export function useReceipt(message: Message): Receipt {
  return useSelected((state) => receiptOf(message, state.chats.get(message.chatId)));
}

/** The other members who have read a message. */
export function useReaders(message: Message): readonly UserId[] {
  // Not the chat: that is another one with each message.
  const members = useSelected((state) => state.chats.get(message.chatId)?.members);
  return useMemo(() => readersOf(message, members), [message, members]);
}

const NOBODY: readonly UserId[] = [];

/** The others who type in a chat right now. */
export function useTyping(chatId: ChatId): readonly UserId[] {
  const typing = useSelected((state) => state.typing.get(chatId));
  return useMemo(() => (typing ? [...typing.keys()] : NOBODY), [typing]);
}

/** Null if nothing is known of them. */
export function usePresence(userId: UserId | null): Presence | null {
  return useSelected((state) => (userId === null ? null : (state.presences.get(userId) ?? null)));
}

/** A profile as it is known, null if it is not; fetched if the server has not told it yet. */
export function useUser(userId: UserId | null): User | null {
  const client = useClient();
  const user = useSelected((state) => (userId === null ? null : (state.users.get(userId) ?? null)));
  useEffect(() => {
    if (userId !== null) client.needUsers([userId]);
  }, [client, userId, user]);
  return user;
}

/** Several profiles as they are known, without those that are not; fetched if the server has not told them yet. */
export function useUsers(userIds: readonly UserId[]): ReadonlyMap<UserId, User> {
  const client = useClient();
  const users = useSelected((state) => state.users);
  const wanted = userIds.join();
  useEffect(() => client.needUsers(wanted === "" ? [] : wanted.split(",")), [client, wanted]);
  return users;
}

/** The files attached in a chat's composer, in the order of attaching; those sent are no longer among them. */
export function useUploads(chatId: ChatId): readonly Upload[] {
  const uploads = useSelected((state) => state.uploads);
  return useMemo(() => [...uploads.values()].filter((upload) => upload.chatId === chatId), [uploads, chatId]);
}

/** How a file of a message being sent is doing, by the message's client_message_id; share from 0 to 1. */
export function useSendProgress(clientMessageId: string): number | null {
  return useSelected((state) => state.progress.get(clientMessageId) ?? null);
}

export function useBlocked(): ReadonlySet<UserId> {
  return useSelected((state) => state.blocked);
}

/** The sum over all chats, for badges. */
export function useUnreadTotal(): number {
  return useSelected((state) => [...state.chats.values()].reduce((sum, chat) => sum + chat.unreadCount, 0));
}
