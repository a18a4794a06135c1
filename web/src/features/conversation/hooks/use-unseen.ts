import { useState } from "react";
import type { Message } from "@/lib/types";

/** Count the messages that arrived below the view. Pages loaded after a jump to an old message do not count. */
export function useUnseen(messages: readonly Message[], hasNewer: boolean, atEnd: boolean): number {
  const last = messages.at(-1)?.key ?? null;
  const [seen, setSeen] = useState(last);
  const [hadNewer, setHadNewer] = useState(hasNewer);
  const noNews = atEnd || hasNewer || hadNewer;
  if (hadNewer !== hasNewer) setHadNewer(hasNewer);
  if (noNews && seen !== last) setSeen(last);
  if (noNews) return 0;
  const index = messages.findLastIndex((message) => message.key === seen);
  return index < 0 ? 0 : messages.length - 1 - index;
}
