import { type RefObject, useMemo } from "react";
import { useShortcuts } from "@/features/shortcuts/hooks/use-shortcuts";
import { useChats } from "@/lib/hooks";
import type { ChatId } from "@/lib/types";
import type { Opened } from "./types";

export interface HomeShortcuts {
  readonly chatId: ChatId | null;
  readonly go: (chatId: ChatId | null) => void;
  readonly search: RefObject<HTMLInputElement | null>;
  /** Closes what stands beside the chat; null: nothing does. */
  readonly closeSide: (() => void) | null;
  readonly onFind: () => void;
  readonly setOpened: (opened: Opened) => void;
}

export function useHomeShortcuts({ chatId, go, search, closeSide, onFind, setOpened }: HomeShortcuts): void {
  const { chats } = useChats();
  const shortcuts = useMemo(() => {
    const step = (by: number): void => {
      const at = chats.findIndex((chat) => chat.chatId === chatId);
      const next = chats[at < 0 ? 0 : at + by];
      if (next) go(next.chatId);
    };
    return {
      search: () => search.current?.focus(),
      find: onFind,
      newChat: () => setOpened({ kind: "new-chat" }),
      nextChat: () => step(1),
      previousChat: () => step(-1),
      composer: () => document.querySelector<HTMLElement>('[data-testid="composer"]')?.focus(),
      help: () => setOpened({ kind: "shortcuts" }),
      close: () => (closeSide ? closeSide() : go(null)),
    };
  }, [chats, chatId, go, search, closeSide, onFind, setOpened]);
  useShortcuts(shortcuts);
}
