import { useCallback, useEffect, useRef, useState } from "react";
import { useActions } from "@/lib/hooks";
import type { ChatId, Message } from "@/lib/types";

/** While somebody writes, nothing is asked. */
const LAG_MS = 250;
/** So many are looked for at a time, however few a page of the server brings. */
const WANTED = 20;

interface Found {
  readonly messages: readonly Message[];
  /** Where to go on; null: nothing was asked yet. Empty: that was all. */
  readonly pageToken: string | null;
  readonly busy: boolean;
  readonly failure: unknown;
}

const NOTHING: Found = { messages: [], pageToken: null, busy: false, failure: null };

/** What is found in a chat, or in all of them (null); begins anew with every change of the query. */
export function useSearch(query: string, chatId: ChatId | null): Found & { readonly more: () => void } {
  const { searchMessages } = useActions();
  const [found, setFound] = useState(NOTHING);
  const current = useRef<AbortController | null>(null);

  const go = useCallback(
    async (before: Found): Promise<void> => {
      current.current?.abort();
      const { signal } = (current.current = new AbortController());
      let { messages, pageToken } = before;
      const enough = messages.length + WANTED;
      const show = (rest: Pick<Found, "busy" | "failure">) =>
        !signal.aborted && setFound({ messages, pageToken, ...rest });
      show({ busy: true, failure: null });
      try {
        do {
          const page = await searchMessages({ query, chatId, pageToken: pageToken ?? "" }, signal);
          messages = [...messages, ...page.items];
          pageToken = page.nextPageToken;
          show({ busy: pageToken !== "" && messages.length < enough, failure: null });
        } while (pageToken !== "" && messages.length < enough && !signal.aborted);
      } catch (failure) {
        show({ busy: false, failure });
      }
    },
    [searchMessages, query, chatId],
  );

  useEffect(() => {
    const timer = setTimeout(() => {
      if (query !== "") return void go(NOTHING);
      setFound(NOTHING);
    }, LAG_MS);
    return () => {
      clearTimeout(timer);
      current.current?.abort();
    };
  }, [query, go]);

  const more = useCallback(() => void go(found), [go, found]);
  return { ...found, more };
}
