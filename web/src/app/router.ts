/** The open chat, which the address contains: `/` or `/chat/{chat_id}`. */

import { useCallback, useMemo, useSyncExternalStore } from "react";
import type { ChatId } from "@/lib/types";

const CHAT_PATH = /^\/chat\/([^/]+)$/;

function subscribe(changed: () => void): () => void {
  window.addEventListener("popstate", changed);
  return () => window.removeEventListener("popstate", changed);
}

export function chatOfPath(path: string): ChatId | null {
  const id = CHAT_PATH.exec(path)?.[1];
  try {
    return id === undefined ? null : decodeURIComponent(id);
  } catch {
    return null;
  }
}

export function useRoute() {
  const path = useSyncExternalStore(subscribe, () => window.location.pathname);
  const go = useCallback((chatId: ChatId | null) => {
    const next = chatId === null ? "/" : `/chat/${encodeURIComponent(chatId)}`;
    if (next === window.location.pathname) return;
    window.history.pushState(null, "", next);
    window.dispatchEvent(new PopStateEvent("popstate"));
  }, []);
  return useMemo(() => ({ chatId: chatOfPath(path), go }), [path, go]);
}
