/** Being online, and who else is. */

import type { Presence } from "@/lib/types";
import { ResilientStream } from "./resilient-stream";

export interface PresenceItem {
  readonly presences: readonly Presence[];
  /** Everybody who counts: others are to be forgotten. */
  readonly snapshot: boolean;
  readonly reconnectMs: number | null;
}

export interface PresenceOptions {
  readonly connect: (signal: AbortSignal) => AsyncIterable<PresenceItem>;
  readonly onItem: (item: PresenceItem) => void;
  readonly judge: (failure: unknown) => "retry" | "renew" | "end";
  readonly renew: () => Promise<void>;
}

/** The stream that makes this browser count as online. Its own connection state is nobody's business. */
export function presenceStream({ connect, onItem, judge, renew }: PresenceOptions): ResilientStream<PresenceItem> {
  return new ResilientStream<PresenceItem>({
    open: connect,
    receive: (item) => {
      onItem(item);
      return { live: true, reconnectMs: item.reconnectMs };
    },
    judge,
    renew,
    onConnection: () => undefined,
    onEnd: () => undefined,
  });
}

/** The known states with newer ones put in; a snapshot replaces them all. */
export function mergePresences(
  known: ReadonlyMap<string, Presence>,
  { presences, snapshot }: Pick<PresenceItem, "presences" | "snapshot">,
): ReadonlyMap<string, Presence> {
  const merged = new Map(snapshot ? [] : known);
  for (const presence of presences) {
    const before = known.get(presence.userId);
    merged.set(presence.userId, before && before.version > presence.version ? before : presence);
  }
  return merged;
}
