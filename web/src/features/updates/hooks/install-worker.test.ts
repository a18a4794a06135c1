import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { installWorker, type Update } from "./install-worker";

class FakeRegistration extends EventTarget {
  waiting: { postMessage: (word: string) => void } | null = null;
  installing: EventTarget | null = null;
  readonly update = vi.fn(() => Promise.resolve());

  /** A worker that the browser found has been installed. */
  install(postMessage: (word: string) => void): void {
    this.installing = new EventTarget();
    this.dispatchEvent(new Event("updatefound"));
    this.waiting = { postMessage };
    this.installing.dispatchEvent(new Event("statechange"));
  }
}

/** A page that a worker controls, or none does yet. */
async function open({ controlled }: { controlled: boolean }) {
  const registration = new FakeRegistration();
  const container = Object.assign(new EventTarget(), {
    controller: controlled ? {} : null,
    register: () => Promise.resolve(registration),
  });
  vi.stubGlobal("navigator", { serviceWorker: container });
  const offered: Update[] = [];
  installWorker((update) => offered.push(update));
  await vi.advanceTimersByTimeAsync(3_000);
  return { registration, offered };
}

describe("a new version", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubEnv("PROD", true);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllEnvs();
    vi.unstubAllGlobals();
  });

  it("is offered once it is there, and takes over only when it is asked to", async () => {
    const { registration, offered } = await open({ controlled: true });
    const words: string[] = [];
    registration.install((word) => words.push(word));
    expect([offered.length, words]).toEqual([1, []]);
    offered[0]?.();

    expect(words).toEqual(["take-over"]);
  });

  it("is nothing to offer where it is the first one", async () => {
    const { registration, offered } = await open({ controlled: false });
    registration.install(() => undefined);

    expect(offered).toEqual([]);
  });

  it("is looked for every hour", async () => {
    const { registration } = await open({ controlled: true });
    await vi.advanceTimersByTimeAsync(3 * 60 * 60_000);

    expect(registration.update.mock.calls.length).toBeGreaterThanOrEqual(3);
  });
});
