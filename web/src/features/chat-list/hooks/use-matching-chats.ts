import { useMemo } from "react";
import { useUsers } from "@/lib/hooks";
import type { Chat, UserId } from "@/lib/types";

/** Return the chats whose name contains the query. */
export function useMatchingChats(chats: readonly Chat[], query: string): readonly Chat[] {
  const peers = useMemo(() => chats.map((chat) => chat.peerId).filter((id): id is UserId => id !== null), [chats]);
  const users = useUsers(peers);
  const wanted = query.trim().toLocaleLowerCase();
  if (wanted === "") return chats;
  return chats.filter((chat) => {
    const name = chat.peerId === null ? chat.title : (users.get(chat.peerId)?.username ?? "");
    return name.toLocaleLowerCase().includes(wanted);
  });
}
