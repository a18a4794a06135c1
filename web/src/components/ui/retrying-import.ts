const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 8_000;
const ATTEMPTS_ONLINE = 6;

/**
 * A loader for `lazy` that a lost connection does not break: it tries again, for as long as the browser is offline.
 * Online it gives up after some tries, for then the part is gone and the page has to be loaded anew.
 */
export function patiently<T>(load: () => Promise<T>): () => Promise<T> {
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
