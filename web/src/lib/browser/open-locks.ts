/** Chooses how tabs share locks. */

import { ChannelLocks } from "./channel-locks";
import { type Locks, WebLocks } from "./locks";

export function openLocks(): Locks {
  if ("locks" in navigator) return new WebLocks(navigator.locks);
  // Plain http has no Web Locks, except on localhost.
  const locks = new ChannelLocks();
  window.addEventListener("pagehide", locks.loseAll);
  return locks;
}
