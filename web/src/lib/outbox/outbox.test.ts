import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ChatlyError, type Message } from "@/lib/types";
import { aMessage, anOutboxItem, GROUP } from "@/testing/builders";
import { MemoryOutbox } from "@/testing/memory-outbox";
import { Outbox, type OutboxItem } from "./outbox";

const unavailable = new ChatlyError("NETWORK", "unavailable", { retryable: true });
const rejected = new ChatlyError("BLOCKED", "no");

const anItem = (text: string, item: Partial<OutboxItem> = {}) => anOutboxItem({ clientMessageId: text, text, ...item });

/** A server that stores what it acknowledges. `answer` decides what fails. */
class FakeServer {
  readonly stored: string[] = [];
  readonly calls: string[] = [];
  answer: (item: OutboxItem) => Error | null | Promise<Error | null> = () => null;

  readonly send = async (item: OutboxItem): Promise<Message> => {
    this.calls.push(item.text);
    const failure = await this.answer(item);
    if (failure) throw failure;
    if (!this.stored.includes(item.clientMessageId)) this.stored.push(item.clientMessageId);
    return aMessage(item.order, { clientMessageId: item.clientMessageId });
  };
}

function open(storage: MemoryOutbox, server: FakeServer) {
  const sent: string[] = [];
  const outbox = new Outbox({
    storage,
    send: server.send,
    onSent: (item) => sent.push(item.text),
    onChanged: () => undefined,
    asError: (failure) => failure as ChatlyError,
    random: () => 1,
  });
  return { outbox, sent };
}

describe("the outbox", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());
  const flush = () => vi.advanceTimersByTimeAsync(0);

  it("sends in order and is empty afterwards", async () => {
    const storage = new MemoryOutbox([anItem("a"), anItem("b"), anItem("c")]);
    const server = new FakeServer();
    const { outbox, sent } = open(storage, server);
    outbox.wake();
    await flush();

    expect(sent).toEqual(["a", "b", "c"]);
    expect(await storage.all()).toEqual([]);
  });

  it("keeps the order through failures: no message overtakes one that is retried", async () => {
    const server = new FakeServer();
    let failures = 3;
    server.answer = () => (failures-- > 0 ? unavailable : null);
    const { outbox, sent } = open(new MemoryOutbox([anItem("a"), anItem("b")]), server);
    outbox.wake();
    await vi.advanceTimersByTimeAsync(20_000);

    expect(server.calls).toEqual(["a", "a", "a", "a", "b"]);
    expect(sent).toEqual(["a", "b"]);
  });

  it("survives a reload: the next tab sends the stored messages under the same ids", async () => {
    const storage = new MemoryOutbox([anItem("a"), anItem("b")]);
    const server = new FakeServer();
    // The server stores the message, but the response is lost with the page.
    server.answer = (item) => {
      server.stored.push(item.clientMessageId);
      return unavailable;
    };
    const first = open(storage, server);
    first.outbox.wake();
    await flush();
    first.outbox.stop();
    server.answer = () => null;
    const second = open(storage, server);
    second.outbox.wake();
    await flush();

    expect(second.sent).toEqual(["a", "b"]);
    expect(server.stored).toEqual(["a", "b"]);
  });

  it("marks a rejected message as failed, and sends the next", async () => {
    const storage = new MemoryOutbox([anItem("bad"), anItem("good")]);
    const server = new FakeServer();
    server.answer = (item) => (item.text === "bad" ? rejected : null);
    const { outbox, sent } = open(storage, server);
    outbox.wake();
    await flush();

    expect(sent).toEqual(["good"]);
    expect(await storage.all()).toMatchObject([{ text: "bad", failure: "BLOCKED" }]);
  });

  it("does not restore a message that was discarded while the server rejected it", async () => {
    const storage = new MemoryOutbox([anItem("bad")]);
    const server = new FakeServer();
    server.answer = async () => {
      await storage.remove("bad");
      return rejected;
    };
    const { outbox } = open(storage, server);
    outbox.wake();
    await flush();

    expect(await storage.all()).toEqual([]);
  });

  it("sends the messages of one chat without waiting for another", async () => {
    const storage = new MemoryOutbox([anItem("slow"), anItem("quick", { chatId: GROUP })]);
    const server = new FakeServer();
    server.answer = (item) => (item.text === "slow" ? new Promise(() => undefined) : null);
    const { outbox, sent } = open(storage, server);
    outbox.wake();
    await flush();

    expect(sent).toEqual(["quick"]);
  });

  it("retries at once on every wake, and sends each message once", async () => {
    const server = new FakeServer();
    server.answer = () => unavailable;
    const { outbox, sent } = open(new MemoryOutbox([anItem("a")]), server);
    outbox.wake();
    await flush();
    server.answer = () => null;
    for (let times = 0; times < 3; times++) outbox.wake();
    await flush();

    expect(server.calls).toEqual(["a", "a"]);
    expect(sent).toEqual(["a"]);
  });

  it("waits as long as an overloaded server asks", async () => {
    const server = new FakeServer();
    server.answer = () => new ChatlyError("RATE_LIMITED", "slow down", { retryable: true, retryAfterMs: 9_000 });
    const { outbox } = open(new MemoryOutbox([anItem("a")]), server);
    outbox.wake();
    await vi.advanceTimersByTimeAsync(8_900);
    expect(server.calls).toHaveLength(1);

    await vi.advanceTimersByTimeAsync(200);

    expect(server.calls).toHaveLength(2);
    outbox.stop();
  });

  it("sends a message that is added while it drains", async () => {
    const storage = new MemoryOutbox([anItem("a")]);
    const server = new FakeServer();
    server.answer = async (item) => {
      if (item.text === "a") await storage.put(anItem("b"));
      return null;
    };
    const { outbox, sent } = open(storage, server);
    outbox.wake();
    await flush();

    expect(sent).toEqual(["a", "b"]);
  });
});
