/** How the tabs of one browser talk, and which of them holds the connection. */

import type { Change } from "@/lib/live/changes";
import type { ConnectionState, Presence, UserId } from "@/lib/types";
import type { Locks } from "./locks";

export type TabMessage =
  /** From the leader, numbered, so that a lost one is noticed. */
  | {
      readonly kind: "changes";
      readonly leader: string;
      readonly number: number;
      readonly changes: readonly Change[];
      readonly cursor: string;
    }
  | { readonly kind: "presences"; readonly presences: readonly Presence[]; readonly snapshot: boolean }
  | { readonly kind: "connection"; readonly connection: ConnectionState }
  | { readonly kind: "gap" }
  /** A tab asks the leader for what it missed before it opened. */
  | { readonly kind: "hello" }
  | {
      readonly kind: "welcome";
      readonly connection: ConnectionState;
      readonly presences: readonly Presence[];
      readonly cursor: string;
    }
  /** Queue or uploads changed in storage. */
  | { readonly kind: "outbox" }
  /** Something of one's own changed that no stream tells. */
  | { readonly kind: "profile"; readonly userId: UserId };

export interface Channel {
  post(message: TabMessage): void;
  close(): void;
}

export function openChannel(name: string, receive: (message: TabMessage) => void): Channel {
  const channel = new BroadcastChannel(name);
  channel.onmessage = (event: MessageEvent<TabMessage>) => receive(event.data);
  return { post: (message) => channel.postMessage(message), close: () => channel.close() };
}

/** Runs `lead` in exactly one of the tabs, until `signal`; when that tab goes, in the next one. */
export async function leadInTurn(locks: Locks, name: string, signal: AbortSignal, lead: () => void): Promise<void> {
  const work = () =>
    new Promise<void>((resolve) => {
      if (signal.aborted) return resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
      lead();
    });
  try {
    await locks.exclusive(name, work, signal);
  } catch (failure) {
    if (!signal.aborted) throw failure;
  }
}
