import { useCallback, useState } from "react";
import type { ChatId, UserId } from "@/lib/types";

/** The unsent text of a chat. It survives a switch to another chat and a reload of the tab. */
export function useDraft(me: UserId, chatId: ChatId) {
  const key = `chatly.draft.${me}.${chatId}`;
  const [text, setText] = useState(() => sessionStorage.getItem(key) ?? "");
  const change = useCallback(
    (next: string) => {
      setText(next);
      if (next === "") sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, next);
    },
    [key],
  );
  return [text, change] as const;
}
