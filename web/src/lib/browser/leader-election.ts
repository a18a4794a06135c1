/** Elects one tab of this browser as the leader. */

import type { Locks } from "./locks";

/**
 * Call `lead` whenever this tab becomes the only leader, with a signal that ends its lead.
 *
 * The tab leads until `signal`, or until it loses the lock; then the next tab is elected.
 */
export async function electLeader(
  locks: Locks,
  name: string,
  signal: AbortSignal,
  lead: (signal: AbortSignal) => void,
): Promise<void> {
  const work = (lost: AbortSignal) =>
    new Promise<void>((resolve) => {
      const control = new AbortController();
      const end = () => {
        control.abort();
        resolve();
      };
      for (const reason of [signal, lost]) {
        if (reason.aborted) return end();
        reason.addEventListener("abort", end, { once: true });
      }
      lead(control.signal);
    });
  try {
    while (!signal.aborted) await locks.exclusive(name, work, signal);
  } catch (failure) {
    if (!signal.aborted) throw failure;
  }
}
