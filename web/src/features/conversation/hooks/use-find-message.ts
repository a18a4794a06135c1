import { useCallback, useLayoutEffect, useRef } from "react";
import type { Message } from "@/lib/types";

/** Return a function that finds a message by key. It stays the same, so that rows need not render again. */
export function useFindMessage(messages: readonly Message[]): (key: string) => Message | undefined {
  const newest = useRef(messages);
  useLayoutEffect(() => {
    newest.current = messages;
  }, [messages]);
  return useCallback((key) => newest.current.find((message) => message.key === key), []);
}
