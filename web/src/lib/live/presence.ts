/** The presence stream: it keeps this browser online, and reports who else is. */

import type { Presence } from "@/lib/types";
import { ResilientStream } from "./resilient-stream";

export interface PresenceUpdate {
  readonly presences: readonly Presence[];
  /** The list is complete: drop every user who is not in it. */
  readonly snapshot: boolean;
}

export interface PresenceItem extends PresenceUpdate {
  readonly reconnectMs: number | null;
}

export interface PresenceOptions {
  readonly connect: (signal: AbortSignal) => AsyncIterable<PresenceItem>;
  readonly onItem: (item: PresenceItem) => void;
  readonly classify: (failure: unknown) => "retry" | "renew" | "end";
  readonly renew: () => Promise<void>;
}

/** The stream that counts this browser as online. It does not report its connection state. */
export function presenceStream({ connect, onItem, classify, renew }: PresenceOptions): ResilientStream<PresenceItem> {
  return new ResilientStream<PresenceItem>({
    open: connect,
    receive: (item) => {
      onItem(item);
      return { live: true, reconnectMs: item.reconnectMs };
    },
    classify,
    renew,
    onConnection: () => undefined,
    onEnd: () => undefined,
  });
}

/** Return the presences with newer ones merged in; a snapshot replaces them all. */
export function mergePresences(
  current: ReadonlyMap<string, Presence>,
  { presences, snapshot }: PresenceUpdate,
): ReadonlyMap<string, Presence> {
  const merged = new Map(snapshot ? [] : current);
  for (const presence of presences) {
    const before = current.get(presence.userId);
    merged.set(presence.userId, before && before.version > presence.version ? before : presence);
  }
  return merged;
}
