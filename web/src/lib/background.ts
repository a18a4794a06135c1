/** Work that nobody waits for. */

/** Failures after `signal` are of no interest: storage closes under what is still running. Others reach the console. */
export function inBackground(signal: AbortSignal, work: Promise<unknown>): void {
  work.catch((failure: unknown) => {
    if (!signal.aborted) throw failure;
  });
}
