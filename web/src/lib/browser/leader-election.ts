/** Elects one tab of this browser as the leader. */

import type { Locks } from "./locks";

/** Call `lead` once this tab is the only leader. The tab leads until `signal`; then the next tab is elected. */
export async function electLeader(locks: Locks, name: string, signal: AbortSignal, lead: () => void): Promise<void> {
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
