import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ReadMarkSender } from "./read-marks";
import { ChatlyError } from "./types";

const unavailable = new ChatlyError("NETWORK", "unavailable", { retryable: true });
const noMember = new ChatlyError("NOT_A_MEMBER", "not a member");
const notFound = new ChatlyError("MESSAGE_NOT_FOUND", "not found");

/** A sender whose first attempts fail like this. The chat has the messages "1" to "3". */
function open(...failures: readonly ChatlyError[]) {
  const waiting = [...failures];
  const sent: string[] = [];
  const stop = new AbortController();
  const send = (_: string, messageId: string) => {
    sent.push(messageId);
    const failure = waiting.shift();
    return failure ? Promise.reject(failure) : Promise.resolve();
  };
  const newestBefore = (_: string, messageId: string) => (messageId > "1" ? String(Number(messageId) - 1) : null);
  return { sent, stop, readMarks: new ReadMarkSender({ send, newestBefore, signal: stop.signal }) };
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

  it("of a message that is gone move to the newest one before it that the server has", async () => {
    const { sent, readMarks } = open(notFound, unavailable, notFound);
    readMarks.mark("chat", "3");
    await vi.advanceTimersByTimeAsync(60_000);

    expect(sent).toEqual(["3", "2", "2", "1"]);
  });

  it("of a message that is gone give way to a newer mark", async () => {
    const { sent, readMarks } = open(notFound);
    readMarks.mark("chat", "2");
    await vi.advanceTimersByTimeAsync(300);
    readMarks.mark("chat", "3");
    await vi.advanceTimersByTimeAsync(60_000);

    expect(sent.at(-1)).toBe("3");
  });

  it("are dropped if the chat is gone, or no message before them is known", async () => {
    const { sent, readMarks } = open(noMember, notFound);
    readMarks.mark("chat", "3");
    await vi.advanceTimersByTimeAsync(60_000);
    readMarks.mark("chat", "1");
    await vi.advanceTimersByTimeAsync(60_000);

    expect(sent).toEqual(["3", "1"]);
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
