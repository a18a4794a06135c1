import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ReadGatherer } from "./read-marks";
import { ChatlyError } from "./types";

const away = new ChatlyError("NETWORK", "away", { retryable: true });
const gone = new ChatlyError("MESSAGE_NOT_FOUND", "gone");

/** A gatherer whose first tries end with these failures. */
function open(...failures: readonly ChatlyError[]) {
  const waiting = [...failures];
  const told: string[] = [];
  const stop = new AbortController();
  const tell = (_: string, messageId: string) => {
    told.push(messageId);
    const failure = waiting.shift();
    return failure ? Promise.reject(failure) : Promise.resolve();
  };
  return { told, stop, reading: new ReadGatherer({ tell, signal: stop.signal }) };
}

describe("read marks", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("of a moment are told once, by the last of them", async () => {
    const { told, reading } = open();
    for (const id of ["1", "2", "3"]) reading.mark("chat", id);
    await vi.advanceTimersByTimeAsync(10_000);

    expect(told).toEqual(["3"]);
  });

  it("that follow each other without a pause are told all the same", async () => {
    const { told, reading } = open();
    for (let id = 1; id <= 20; id++) {
      reading.mark("chat", String(id));
      await vi.advanceTimersByTimeAsync(100);
    }

    expect(told.length).toBeGreaterThan(3);
  });

  it("are told again until they were heard: the other one's tick waits for it", async () => {
    const { told, reading } = open(away, away);
    reading.mark("chat", "1");
    await vi.advanceTimersByTimeAsync(10_000);

    expect(told).toEqual(["1", "1", "1"]);
  });

  it("that moved on meanwhile are told as they are now", async () => {
    const { told, reading } = open(away);
    reading.mark("chat", "1");
    await vi.advanceTimersByTimeAsync(400);
    reading.mark("chat", "2");
    await vi.advanceTimersByTimeAsync(10_000);

    expect(told).toEqual(["1", "2"]);
  });

  it("of a message that is gone are let go", async () => {
    const { told, reading } = open(gone);
    reading.mark("chat", "1");
    await vi.advanceTimersByTimeAsync(60_000);

    expect(told).toEqual(["1"]);
  });

  it("are told at once when the page may go", async () => {
    const { told, reading } = open();
    reading.mark("chat", "1");
    reading.hurry();
    await vi.advanceTimersByTimeAsync(0);

    expect(told).toEqual(["1"]);
  });

  it("of a login that ended are not told under the next one", async () => {
    const { told, stop, reading } = open(away);
    reading.mark("chat", "1");
    await vi.advanceTimersByTimeAsync(400);
    stop.abort();
    await vi.advanceTimersByTimeAsync(60_000);

    expect(told).toEqual(["1"]);
  });
});
