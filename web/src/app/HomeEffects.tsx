import { useNotifications } from "@/features/notifications/hooks/use-notifications";
import { useTitleBadge } from "@/features/notifications/hooks/use-title-badge";
import type { ChatId, UserId } from "@/lib/types";
import { type HomeShortcuts, useHomeShortcuts } from "./use-home-shortcuts";

interface FollowersProps {
  readonly me: UserId;
  readonly onOpenChat: (chatId: ChatId) => void;
  readonly shortcuts: HomeShortcuts;
}

/** What follows the chats and draws nothing: a part of its own, so that a message does not draw all of the page anew. */
export function Followers({ me, onOpenChat, shortcuts }: FollowersProps) {
  useTitleBadge();
  useNotifications(me, onOpenChat);
  useHomeShortcuts(shortcuts);
  return null;
}
