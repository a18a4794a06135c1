/** Installs the service worker, and reports a newer version of the client. */

const DELAY_MS = 2_000;
const CHECK_MS = 60 * 60_000;

/** Activates the newer version, which reloads every tab. */
export type Update = () => void;

export function installWorker(onUpdate: (update: Update) => void): void {
  // Browsers have no service workers over plain http, except on localhost. Development needs none.
  if (!("serviceWorker" in navigator) || !import.meta.env.PROD) return;
  const container = navigator.serviceWorker;
  // The first worker of a browser belongs to the same version as the page.
  const isUpdate = container.controller !== null;
  container.addEventListener("controllerchange", () => {
    if (isUpdate) window.location.reload();
  });
  // Wait until the page has loaded, because the worker fetches the same files.
  setTimeout(() => void register(container, onUpdate).catch(() => undefined), DELAY_MS);
}

async function register(container: ServiceWorkerContainer, onUpdate: (update: Update) => void): Promise<void> {
  const registration = await container.register("/sw.js", { updateViaCache: "none" });
  const offer = (): void => {
    const { waiting } = registration;
    if (waiting && container.controller) onUpdate(() => waiting.postMessage("take-over"));
  };
  offer();
  registration.addEventListener("updatefound", () => {
    registration.installing?.addEventListener("statechange", offer);
  });
  const check = (): void => void registration.update().catch(() => undefined);
  setInterval(check, CHECK_MS);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") check();
  });
}
