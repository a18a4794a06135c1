/** Parts of the page that are loaded after its first picture. */

import { type ComponentType, lazy, type LazyExoticComponent } from "react";
import { patiently } from "./retrying-import";

const parts: (() => Promise<unknown>)[] = [];

/** A component that is loaded when it is first drawn, or before that by `loadTheRest`. */
export function later<P>(load: () => Promise<{ default: ComponentType<P> }>): LazyExoticComponent<ComponentType<P>> {
  const patient = patiently(load);
  parts.push(patient);
  return lazy(patient);
}

/**
 * Loads every part while the browser has nothing else to do: it is there when it is asked for, also without a network.
 * Parts of parts make themselves known while theirs are loaded. Ends with the signal.
 */
export async function loadTheRest(signal: AbortSignal): Promise<void> {
  // One after the other: over HTTP/1.1 a page has six connections, and two of them belong to its streams.
  for (let load = parts.shift(); load !== undefined && !signal.aborted; load = parts.shift()) {
    await idle();
    await load().catch(() => undefined);
  }
}

/** Safari knows no idle callbacks. */
function idle(): Promise<void> {
  return new Promise((resolve) => {
    if ("requestIdleCallback" in window) requestIdleCallback(() => resolve(), { timeout: 2_000 });
    else setTimeout(resolve, 200);
  });
}
