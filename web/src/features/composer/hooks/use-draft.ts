import { useCallback, useState } from "react";
import type { ChatId, UserId } from "@/lib/types";

/** What is written but not sent, per chat: it stays when one looks at another chat or reloads the tab. */
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
