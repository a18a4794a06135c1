/// <reference lib="webworker" />

/**
 * The service worker: the client's own files, kept so that it starts without a network, in one version at a time.
 *
 * It answers for nothing else. Calls, tokens, pictures and files of people go past it: nothing of them is ever kept here.
 */

import {
  cleanupOutdatedCaches,
  createHandlerBoundToURL,
  type PrecacheEntry,
  precacheAndRoute,
} from "workbox-precaching";
import { NavigationRoute, registerRoute } from "workbox-routing";

declare const self: ServiceWorkerGlobalScope;
/** Put in by the build: every file of it. */
declare const __FILES__: PrecacheEntry[];

/** Pages of the client. What else can be navigated to is the mesh's: files of people, REST, the page about it. */
const PAGES = [/^\/(chat\/[^/]+)?$/];

precacheAndRoute(__FILES__, { cleanURLs: false, directoryIndex: "" });
cleanupOutdatedCaches();
registerRoute(new NavigationRoute(createHandlerBoundToURL("/index.html"), { allowlist: PAGES }));

// A new version waits until the person says so: what is open keeps running with the files it was made of.
self.addEventListener("message", (event) => {
  if (event.data === "take-over") void self.skipWaiting();
});
