/** What stands beside the open chat: its details, or a search of messages. */

import { useCallback, useMemo, useState } from "react";
import type { ChatId, Message, MessageId } from "@/lib/types";

export interface SideSearch {
  readonly query: string;
  readonly everywhere: boolean;
}

type Side = { readonly kind: "details"; readonly chatId: ChatId } | { readonly kind: "search" } | null;

/** Where the side lies over the chat instead of beside it; as in Home.module.css. */
const OVER = "(max-width: 1100px)";

export function useSide(chatId: ChatId | null, openChat: (chatId: ChatId) => void) {
  const [side, setSide] = useState<Side>(null);
  // Kept while it is closed: who looked at one hit comes back for the next.
  const [search, setSearch] = useState<SideSearch>({ query: "", everywhere: chatId === null });
  const [target, setTarget] = useState<{ readonly chatId: ChatId; readonly messageId: MessageId } | null>(null);

  const close = useCallback(() => setSide(null), []);
  const toggleDetails = useCallback(
    () => setSide((now) => (now?.kind === "details" || chatId === null ? null : { kind: "details", chatId })),
    [chatId],
  );
  const find = useCallback((change: Partial<SideSearch> = {}) => {
    setSearch((before) => ({ ...before, ...change }));
    setSide({ kind: "search" });
  }, []);
  const openMessage = useCallback(
    (message: Message) => {
      if (window.matchMedia(OVER).matches) setSide(null);
      openChat(message.chatId);
      setTarget({ chatId: message.chatId, messageId: message.messageId });
    },
    [openChat],
  );

  // Details belong to one chat, a search does not.
  const shown = side?.kind === "details" && side.chatId !== chatId ? null : (side?.kind ?? null);
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
