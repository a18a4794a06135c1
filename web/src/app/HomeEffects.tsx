import { useNotifications } from "@/features/notifications/hooks/use-notifications";
import { useTitleBadge } from "@/features/notifications/hooks/use-title-badge";
import type { ChatId, UserId } from "@/lib/types";
import { type HomeShortcuts, useHomeShortcuts } from "./use-home-shortcuts";

interface HomeEffectsProps {
  readonly me: UserId;
  readonly onOpenChat: (chatId: ChatId) => void;
  readonly shortcuts: HomeShortcuts;
}

/** Hooks that depend on the chats. In a component of their own, so that a new message does not render the whole page. */
export function HomeEffects({ me, onOpenChat, shortcuts }: HomeEffectsProps) {
  useTitleBadge();
  useNotifications(me, onOpenChat);
  useHomeShortcuts(shortcuts);
  return null;
}
