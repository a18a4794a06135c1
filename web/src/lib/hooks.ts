/** The hooks through which components use the client. A hook returns the same value until the state behind it changes. */

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

/** The user's own profile; null until it is loaded. */
export function useMe(): User | null {
  return useSelected((state) => state.me);
}

/** All chats, most recently active first. */
export function useChats(): { chats: readonly Chat[]; status: State["chatsStatus"]; reload: () => void } {
  const client = useClient();
  const chats = useSelected((state) => state.chats);
  const status = useSelected((state) => state.chatsStatus);
  const sorted = useMemo(() => chatsByActivity(chats), [chats]);
  return { chats: sorted, status, reload: client.reloadChats };
}

/** A chat; null if it is not loaded, for example a 1:1 chat before its first message. */
export function useChat(chatId: ChatId): Chat | null {
  return useSelected((state) => state.chats.get(chatId) ?? null);
}

/** A chat's messages. Loads them at first use, and reloads them after a gap. */
export function useMessages(chatId: ChatId): MessageList & ReturnType<typeof useMessageLoading> {
  const client = useClient();
  useEffect(() => client.watchChat(chatId), [client, chatId]);
  const loaded = useSelected((state) => state.messages.get(chatId));
  const pending = useSelected((state) => state.pending);
  const list = useMemo(() => listOf(chatId, loaded, pending), [chatId, loaded, pending]);
  const loading = useMessageLoading(chatId);
  return useMemo(() => ({ ...list, ...loading }), [list, loading]);
}

/** A function that returns the chat's current messages. New messages do not render the component again. */
export function useGetMessages(chatId: ChatId): () => readonly Message[] {
  const { store } = useClient();
  return useCallback(() => {
    const { messages, pending } = store.get();
    return listOf(chatId, messages.get(chatId), pending).messages;
  }, [store, chatId]);
}

/** Functions that load other parts of a chat. */
function useMessageLoading(chatId: ChatId) {
  const client = useClient();
  return useMemo(
    () => ({
      loadOlder: () => client.loadOlder(chatId),
      loadNewer: () => client.loadNewer(chatId),
      showNewest: () => client.showNewest(chatId),
      showUnread: () => client.showUnread(chatId),
      showMessage: (messageId: MessageId) => client.showMessage(chatId, messageId),
      reload: () => client.reloadMessages(chatId),
    }),
    [client, chatId],
  );
}

/** One message, for quotes. Loads it if necessary; null until then, or if it was deleted. */
export function useMessage(chatId: ChatId, messageId: MessageId | null): Message | null {
  const client = useClient();
  const found = useSelected((state) => findMessage(state, chatId, messageId));
  useEffect(() => {
    if (messageId !== null && found === null) client.needMessage(chatId, messageId);
  }, [client, chatId, messageId, found]);
  return found;
}

/** The delivery state of an own message. */
export function useReceipt(message: Message): Receipt {
  return useSelected((state) => receiptOf(message, state.chats.get(message.chatId), state.users));
}

/** The other members who have read a message. */
export function useReaders(message: Message): readonly UserId[] {
  // The members only: the chat object changes with every message.
  const members = useSelected((state) => state.chats.get(message.chatId)?.members);
  return useMemo(() => readersOf(message, members), [message, members]);
}

const NO_USERS: readonly UserId[] = [];

/** The other members who are typing in a chat. */
export function useTyping(chatId: ChatId): readonly UserId[] {
  const typing = useSelected((state) => state.typing.get(chatId));
  return useMemo(() => (typing ? [...typing.keys()] : NO_USERS), [typing]);
}

/** A user's presence; null if it is unknown. */
export function usePresence(userId: UserId | null): Presence | null {
  return useSelected((state) => (userId === null ? null : (state.presences.get(userId) ?? null)));
}

/** A profile; null until it is loaded. Loads it unless the server has sent it since the start. */
export function useUser(userId: UserId | null): User | null {
  const client = useClient();
  const user = useSelected((state) => (userId === null ? null : (state.users.get(userId) ?? null)));
  useEffect(() => {
    if (userId !== null) client.needUsers([userId]);
  }, [client, userId, user]);
  return user;
}

/** All loaded profiles, after requesting these. */
export function useUsers(userIds: readonly UserId[]): ReadonlyMap<UserId, User> {
  const client = useClient();
  const users = useSelected((state) => state.users);
  const wanted = userIds.join();
  useEffect(() => client.needUsers(wanted === "" ? [] : wanted.split(",")), [client, wanted]);
  return users;
}

/** The files attached in a chat's composer and not sent yet, in the order of attaching. */
export function useUploads(chatId: ChatId): readonly Upload[] {
  const uploads = useSelected((state) => state.uploads);
  return useMemo(() => [...uploads.values()].filter((upload) => upload.chatId === chatId), [uploads, chatId]);
}

/** The uploaded share of a pending message's files, from 0 to 1; null if it has none to upload. */
export function useSendProgress(clientMessageId: string): number | null {
  return useSelected((state) => state.progress.get(clientMessageId) ?? null);
}

export function useBlocked(): ReadonlySet<UserId> {
  return useSelected((state) => state.blocked);
}

/** The number of unread messages in all chats. */
export function useUnreadTotal(): number {
  return useSelected((state) => [...state.chats.values()].reduce((sum, chat) => sum + chat.unreadCount, 0));
}
