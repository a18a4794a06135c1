import { type Chat as ChatPb, HistoryVisibility } from "@/gen/chatly/messaging/v1/message_pb";
import { directChatId, newId } from "@/lib/ids";
import { chatOf, rolePb } from "@/lib/rpc/mapping";
import { withEntry, withoutEntry } from "@/lib/state/model";
import { type Chat, ChatlyError } from "@/lib/types";
import type { ChatActions } from "./types";
import type { ActionContext } from "./context";

export function chatActions({ clients: { messaging }, store, signedIn }: ActionContext): ChatActions {
  const put = (pb: ChatPb | undefined): Chat => {
    if (!pb) throw new ChatlyError("INTERNAL", "the response contains no chat");
    const chat = chatOf(pb, signedIn().me);
    store.update((state) => ({ ...state, chats: withEntry(state.chats, chat.chatId, chat) }));
    return chat;
  };
  return {
    directChatId: (userId) => directChatId(signedIn().me, userId),
    async createGroup({ title, description = "", avatarMediaId = "", memberIds }) {
      const group = { clientGroupId: newId(), title, description, avatarMediaId, memberIds: [...memberIds] };
      return put((await messaging.createGroup(group)).chat);
    },
    async updateGroup(chatId, { historyShared, ...texts }) {
      const { title, description, avatarMediaId } = texts;
      const paths = Object.entries({
        title,
        description,
        avatar_media_id: avatarMediaId,
        history_visibility: historyShared,
      })
        .filter(([, value]) => value !== undefined)
        .map(([path]) => path);
      const historyVisibility = historyShared ? HistoryVisibility.SHARED : HistoryVisibility.JOINED;
      put((await messaging.updateGroup({ chatId, ...texts, historyVisibility, updateMask: { paths } })).chat);
    },
    async addMembers(chatId, userIds, role = null) {
      put((await messaging.addMembers({ chatId, userIds: [...userIds], role: rolePb(role) })).chat);
    },
    async removeMember(chatId, userId) {
      put((await messaging.removeMember({ chatId, userId })).chat);
    },
    async leaveGroup(chatId) {
      await messaging.leaveGroup({ chatId });
      store.update((state) => ({ ...state, chats: withoutEntry(state.chats, chatId) }));
    },
  };
}
