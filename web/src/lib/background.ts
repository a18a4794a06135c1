/** Runs work in the background. */

/** Ignore a failure after `signal`: storage closes while the work still runs. Other failures reach the console. */
export function inBackground(signal: AbortSignal, work: Promise<unknown>): void {
  work.catch((failure: unknown) => {
    if (!signal.aborted) throw failure;
  });
}
