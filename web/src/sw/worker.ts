/// <reference lib="webworker" />

/**
 * The service worker: caches the client's own files, in one version at a time, so that it starts offline.
 *
 * It handles nothing else. Calls, tokens and users' pictures and files never pass through it.
 */

import {
  cleanupOutdatedCaches,
  createHandlerBoundToURL,
  type PrecacheEntry,
  precacheAndRoute,
} from "workbox-precaching";
import { NavigationRoute, registerRoute } from "workbox-routing";

declare const self: ServiceWorkerGlobalScope;
/** Every file of the build; the build sets it. */
declare const __FILES__: PrecacheEntry[];

/** Pages of the client. All other paths belong to the mesh: users' files, REST, the about page. */
const PAGES = [/^\/(chat\/[^/]+)?$/];

precacheAndRoute(__FILES__, { cleanURLs: false, directoryIndex: "" });
cleanupOutdatedCaches();
registerRoute(new NavigationRoute(createHandlerBoundToURL("/index.html"), { allowlist: PAGES }));

// A new version waits until the user reloads: open pages keep the files of their own version.
self.addEventListener("message", (event) => {
  if (event.data === "take-over") void self.skipWaiting();
});
