import { useState } from "react";
import type { Message } from "@/lib/types";

/** How many messages came below what is in view. */
export function useUnseen(messages: readonly Message[], atEnd: boolean): number {
  const last = messages.at(-1)?.key ?? null;
  const [seen, setSeen] = useState(last);
  if (atEnd && seen !== last) setSeen(last);
  if (atEnd) return 0;
  const index = messages.findLastIndex((message) => message.key === seen);
  return index < 0 ? 0 : messages.length - 1 - index;
}
