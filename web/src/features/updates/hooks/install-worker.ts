/** Installs the service worker, and tells when a newer version of the client waits. */

const LAG_MS = 2_000;
const LOOK_MS = 60 * 60_000;

/** What a newer version does once it may: it takes over, and every tab loads anew. */
export type Update = () => void;

export function installWorker(onUpdate: (update: Update) => void): void {
  // Not over plain http away from localhost, and not where somebody works on the client.
  if (!("serviceWorker" in navigator) || !import.meta.env.PROD) return;
  const container = navigator.serviceWorker;
  // The first worker of this browser comes to a page that is as new as it is.
  const isUpdate = container.controller !== null;
  container.addEventListener("controllerchange", () => {
    if (isUpdate) window.location.reload();
  });
  // Not while the page itself loads: everything that the worker fetches is fetched anyway, only earlier.
  setTimeout(() => void register(container, onUpdate).catch(() => undefined), LAG_MS);
}

async function register(container: ServiceWorkerContainer, onUpdate: (update: Update) => void): Promise<void> {
  const registration = await container.register("/sw.js", { updateViaCache: "none" });
  const tell = (): void => {
    const { waiting } = registration;
    if (waiting && container.controller) onUpdate(() => waiting.postMessage("take-over"));
  };
  tell();
  registration.addEventListener("updatefound", () => {
    registration.installing?.addEventListener("statechange", tell);
  });
  const look = (): void => void registration.update().catch(() => undefined);
  setInterval(look, LOOK_MS);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") look();
  });
}
