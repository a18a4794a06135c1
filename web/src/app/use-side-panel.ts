/** The panel beside the open chat: its details, or a search of messages. */

import { useCallback, useMemo, useState } from "react";
import type { ChatId, Message, MessageId } from "@/lib/types";

export interface PanelSearch {
  readonly query: string;
  readonly everywhere: boolean;
}

type Panel = { readonly kind: "details"; readonly chatId: ChatId } | { readonly kind: "search" } | null;

/** Screens on which the panel covers the chat; see Home.module.css. */
const COVERS_CHAT = "(max-width: 1100px)";

export function useSidePanel(chatId: ChatId | null, openChat: (chatId: ChatId) => void) {
  const [panel, setPanel] = useState<Panel>(null);
  // Kept while the panel is closed, so that the user can return to the next hit.
  const [search, setSearch] = useState<PanelSearch>({ query: "", everywhere: chatId === null });
  const [target, setTarget] = useState<{ readonly chatId: ChatId; readonly messageId: MessageId } | null>(null);

  const close = useCallback(() => setPanel(null), []);
  const toggleDetails = useCallback(
    () => setPanel((now) => (now?.kind === "details" || chatId === null ? null : { kind: "details", chatId })),
    [chatId],
  );
  const find = useCallback((change: Partial<PanelSearch> = {}) => {
    setSearch((before) => ({ ...before, ...change }));
    setPanel({ kind: "search" });
  }, []);
  const openMessage = useCallback(
    (message: Message) => {
      if (window.matchMedia(COVERS_CHAT).matches) setPanel(null);
      openChat(message.chatId);
      setTarget({ chatId: message.chatId, messageId: message.messageId });
    },
    [openChat],
  );

  // Details belong to one chat; a search does not.
  const shown = panel?.kind === "details" && panel.chatId !== chatId ? null : (panel?.kind ?? null);
  return useMemo(
    () => ({
      shown,
      search,
      setSearch,
      target: target?.chatId === chatId ? target : null,
      close,
      toggleDetails,
      find,
      openMessage,
    }),
    [shown, search, target, chatId, close, toggleDetails, find, openMessage],
  );
}
