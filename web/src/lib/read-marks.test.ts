import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ReadMarkSender } from "./read-marks";
import { ChatlyError } from "./types";

const unavailable = new ChatlyError("NETWORK", "unavailable", { retryable: true });
const notFound = new ChatlyError("MESSAGE_NOT_FOUND", "not found");

/** A sender whose first attempts fail like this. */
function open(...failures: readonly ChatlyError[]) {
  const waiting = [...failures];
  const sent: string[] = [];
  const stop = new AbortController();
  const send = (_: string, messageId: string) => {
    sent.push(messageId);
    const failure = waiting.shift();
    return failure ? Promise.reject(failure) : Promise.resolve();
  };
  return { sent, stop, readMarks: new ReadMarkSender({ send, signal: stop.signal }) };
}

describe("read marks", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("in short succession are sent once, by the last of them", async () => {
    const { sent, readMarks } = open();
    for (const id of ["1", "2", "3"]) readMarks.mark("chat", id);
    await vi.advanceTimersByTimeAsync(10_000);

    expect(sent).toEqual(["3"]);
  });

  it("without a pause between them are sent in time", async () => {
    const { sent, readMarks } = open();
    for (let id = 1; id <= 20; id++) {
      readMarks.mark("chat", String(id));
      await vi.advanceTimersByTimeAsync(100);
    }

    expect(sent.length).toBeGreaterThan(3);
  });

  it("are sent again until the server has them", async () => {
    const { sent, readMarks } = open(unavailable, unavailable);
    readMarks.mark("chat", "1");
    await vi.advanceTimersByTimeAsync(10_000);

    expect(sent).toEqual(["1", "1", "1"]);
  });

  it("that moved meanwhile are sent as they are now", async () => {
    const { sent, readMarks } = open(unavailable);
    readMarks.mark("chat", "1");
    await vi.advanceTimersByTimeAsync(400);
    readMarks.mark("chat", "2");
    await vi.advanceTimersByTimeAsync(10_000);

    expect(sent).toEqual(["1", "2"]);
  });

  it("of a deleted message are dropped", async () => {
    const { sent, readMarks } = open(notFound);
    readMarks.mark("chat", "1");
    await vi.advanceTimersByTimeAsync(60_000);

    expect(sent).toEqual(["1"]);
  });

  it("are sent at once when the page may close", async () => {
    const { sent, readMarks } = open();
    readMarks.mark("chat", "1");
    readMarks.flush();
    await vi.advanceTimersByTimeAsync(0);

    expect(sent).toEqual(["1"]);
  });

  it("of one login are not sent in the next", async () => {
    const { sent, stop, readMarks } = open(unavailable);
    readMarks.mark("chat", "1");
    await vi.advanceTimersByTimeAsync(400);
    stop.abort();
    await vi.advanceTimersByTimeAsync(60_000);

    expect(sent).toEqual(["1"]);
  });
});
