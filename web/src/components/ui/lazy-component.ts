/** Components that load after the first render. */

import { type ComponentType, lazy, type LazyExoticComponent } from "react";
import { retryingImport } from "./retrying-import";

/** Loaders that have not run yet. */
const loaders: (() => Promise<unknown>)[] = [];

/** Return a component that loads at its first render, or before that by `preloadComponents`. */
export function lazyComponent<P>(
  load: () => Promise<{ default: ComponentType<P> }>,
): LazyExoticComponent<ComponentType<P>> {
  const loader = retryingImport(load);
  loaders.push(loader);
  return lazy(loader);
}

/**
 * Load every lazy component while the browser is idle, so that it opens at once, also offline. Stop at the signal.
 *
 * A loaded component may add loaders of its own.
 */
export async function preloadComponents(signal: AbortSignal): Promise<void> {
  // One at a time: over HTTP/1.1 a page has six connections, and its streams use two of them.
  for (let load = loaders.shift(); load !== undefined && !signal.aborted; load = loaders.shift()) {
    await idle();
    await load().catch(() => undefined);
  }
}

/** Safari has no idle callbacks. */
function idle(): Promise<void> {
  return new Promise((resolve) => {
    if ("requestIdleCallback" in window) requestIdleCallback(() => resolve(), { timeout: 2_000 });
    else setTimeout(resolve, 200);
  });
}
