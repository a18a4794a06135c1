import { type RefObject, useMemo } from "react";
import { useShortcuts } from "@/features/shortcuts/hooks/use-shortcuts";
import { useActions, useChats } from "@/lib/hooks";
import type { ChatId } from "@/lib/types";
import type { OpenDialog } from "./types";

export interface HomeShortcuts {
  readonly chatId: ChatId | null;
  readonly go: (chatId: ChatId | null) => void;
  readonly search: RefObject<HTMLInputElement | null>;
  /** Closes the side panel; null if it is closed. */
  readonly closePanel: (() => void) | null;
  readonly onFind: () => void;
  readonly setDialog: (dialog: OpenDialog) => void;
}

export function useHomeShortcuts({ chatId, go, search, closePanel, onFind, setDialog }: HomeShortcuts): void {
  const { chats } = useChats();
  const { markRead } = useActions();
  const shortcuts = useMemo(() => {
    const step = (by: number): void => {
      const at = chats.findIndex((chat) => chat.chatId === chatId);
      const next = chats[at < 0 ? 0 : at + by];
      if (next) go(next.chatId);
    };
    return {
      search: () => search.current?.focus(),
      find: onFind,
      newChat: () => setDialog({ kind: "new-chat" }),
      nextChat: () => step(1),
      previousChat: () => step(-1),
      composer: () => document.querySelector<HTMLElement>('[data-testid="composer"]')?.focus(),
      help: () => setDialog({ kind: "shortcuts" }),
      markRead: () => {
        const newest = chats.find((chat) => chat.chatId === chatId)?.lastMessage?.messageId;
        if (chatId !== null && newest !== undefined) markRead(chatId, newest);
      },
      close: () => (closePanel ? closePanel() : go(null)),
    };
  }, [chats, chatId, markRead, go, search, closePanel, onFind, setDialog]);
  useShortcuts(shortcuts);
}
