const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;
const ATTEMPTS_ONLINE = 6;

/**
 * Return a loader for `lazy` that retries while the browser is offline.
 *
 * Online it fails after some attempts: then a newer version of the client has replaced the file, and the page has to
 * be reloaded.
 */
export function retryingImport<T>(load: () => Promise<T>): () => Promise<T> {
  return async () => {
    let pause = FIRST_PAUSE_MS;
    for (let attempt = 1; ;) {
      try {
        return await load();
      } catch (error) {
        if (navigator.onLine && attempt++ >= ATTEMPTS_ONLINE) throw error;
      }
      await onlineOrAfter(pause);
      pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    }
  };
}

function onlineOrAfter(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    addEventListener("online", done);
  });
}
