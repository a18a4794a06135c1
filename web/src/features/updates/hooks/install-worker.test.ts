import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { installWorker, type Update } from "./install-worker";

class FakeRegistration extends EventTarget {
  waiting: { postMessage: (message: string) => void } | null = null;
  installing: EventTarget | null = null;
  readonly update = vi.fn(() => Promise.resolve());

  /** Install a worker that the browser has found. */
  install(postMessage: (message: string) => void): void {
    this.installing = new EventTarget();
    this.dispatchEvent(new Event("updatefound"));
    this.waiting = { postMessage };
    this.installing.dispatchEvent(new Event("statechange"));
  }
}

/** Open a page that a worker controls, or a page without a worker. */
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

  it("is offered once it is installed, and takes over only on request", async () => {
    const { registration, offered } = await open({ controlled: true });
    const messages: string[] = [];
    registration.install((message) => messages.push(message));
    expect([offered.length, messages]).toEqual([1, []]);
    offered[0]?.();

    expect(messages).toEqual(["take-over"]);
  });

  it("is not offered if it is the first one", async () => {
    const { registration, offered } = await open({ controlled: false });
    registration.install(() => undefined);

    expect(offered).toEqual([]);
  });

  it("is checked for every hour", async () => {
    const { registration } = await open({ controlled: true });
    await vi.advanceTimersByTimeAsync(3 * 60 * 60_000);

    expect(registration.update.mock.calls.length).toBeGreaterThanOrEqual(3);
  });
});
