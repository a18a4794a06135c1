import { useCallback, useLayoutEffect, useRef } from "react";
import type { Message } from "@/lib/types";

/** Finds a message of the list by its key. The same function for every list: rows that keep it need not be drawn anew. */
export function useFind(messages: readonly Message[]): (key: string) => Message | undefined {
  const newest = useRef(messages);
  useLayoutEffect(() => {
    newest.current = messages;
  }, [messages]);
  return useCallback((key) => newest.current.find((message) => message.key === key), []);
}
