/** Names of users and chats. */

import { useTexts } from "@/i18n/hooks";
import { useUser, useUsers } from "@/lib/hooks";
import type { Chat, User, UserId } from "@/lib/types";

export function useNameOf(): (user: User | null | undefined) => string {
  const { t } = useTexts();
  return (user) => {
    if (!user) return t("common.someone");
    return user.deleted ? t("common.deletedUser") : user.username;
  };
}

export function useUserName(userId: UserId | null): string {
  const user = useUser(userId);
  return useNameOf()(user);
}

export function useUserNames(userIds: readonly UserId[]): readonly string[] {
  const users = useUsers(userIds);
  const nameOf = useNameOf();
  return userIds.map((userId) => nameOf(users.get(userId)));
}

/** A group's title, or the name of the other member. */
export function useChatName(chat: Chat | null, peerId: UserId | null): string {
  const peerName = useUserName(chat?.kind === "group" ? null : peerId);
  return chat?.kind === "group" ? chat.title : peerName;
}
