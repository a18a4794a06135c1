import { useCallback, useEffect, useRef, useState } from "react";
import { useActions } from "@/lib/hooks";
import type { ChatId, Message } from "@/lib/types";

/** Delay after the last key press. */
const DELAY_MS = 250;
/** Hits per step. A page of the server may contain fewer, so one step may request several pages. */
const WANTED = 20;

interface Found {
  readonly messages: readonly Message[];
  /** The token of the next page; empty at the end, null before the first. */
  readonly pageToken: string | null;
  readonly busy: boolean;
  readonly failure: unknown;
}

const NOTHING: Found = { messages: [], pageToken: null, busy: false, failure: null };

/** Search one chat, or all chats (null). Starts over whenever the query changes. */
export function useSearch(query: string, chatId: ChatId | null): Found & { readonly more: () => void } {
  const { searchMessages } = useActions();
  const [found, setFound] = useState(NOTHING);
  const current = useRef<AbortController | null>(null);

  const search = useCallback(
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
      if (query !== "") return void search(NOTHING);
      setFound(NOTHING);
    }, DELAY_MS);
    return () => {
      clearTimeout(timer);
      current.current?.abort();
    };
  }, [query, search]);

  const more = useCallback(() => void search(found), [search, found]);
  return { ...found, more };
}
