import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ChatlyError, type Message } from "@/lib/types";
import { aMessage, CHAT, GROUP } from "@/testing/builders";
import { MemoryOutbox } from "@/testing/memory-outbox";
import { Outbox, type OutboxItem } from "./outbox";

const away = new ChatlyError("NETWORK", "away", { retryable: true });
const refused = new ChatlyError("BLOCKED", "no");

let order = 0;

function anEntry(text: string, item: Partial<OutboxItem> = {}): OutboxItem {
  const fresh = { replyToMessageId: null, uploadIds: [], createdAt: 0, failure: null };
  return { clientMessageId: text, chatId: CHAT, text, order: ++order, ...fresh, ...item };
}

/** A server that keeps what it acknowledged, and answers as told. */
class FakeServer {
  readonly kept: string[] = [];
  readonly calls: string[] = [];
  answer: (item: OutboxItem) => Error | null | Promise<Error | null> = () => null;

  readonly send = async (item: OutboxItem): Promise<Message> => {
    this.calls.push(item.text);
    const failure = await this.answer(item);
    if (failure) throw failure;
    if (!this.kept.includes(item.clientMessageId)) this.kept.push(item.clientMessageId);
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
    const storage = new MemoryOutbox([anEntry("a"), anEntry("b"), anEntry("c")]);
    const server = new FakeServer();
    const { outbox, sent } = open(storage, server);
    outbox.wake();
    await flush();

    expect(sent).toEqual(["a", "b", "c"]);
    expect(await storage.all()).toEqual([]);
  });

  it("keeps order through failures: nothing overtakes the one that is tried again", async () => {
    const server = new FakeServer();
    let failures = 3;
    server.answer = () => (failures-- > 0 ? away : null);
    const { outbox, sent } = open(new MemoryOutbox([anEntry("a"), anEntry("b")]), server);
    outbox.wake();
    await vi.advanceTimersByTimeAsync(20_000);

    expect(server.calls).toEqual(["a", "a", "a", "a", "b"]);
    expect(sent).toEqual(["a", "b"]);
  });

  it("survives a reload: the next tab sends what is stored, with the same names", async () => {
    const storage = new MemoryOutbox([anEntry("a"), anEntry("b")]);
    const server = new FakeServer();
    // The server keeps the message but its answer is lost with the page.
    server.answer = (item) => {
      server.kept.push(item.clientMessageId);
      return away;
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
    expect(server.kept).toEqual(["a", "b"]);
  });

  it("puts aside what is refused for good, and goes on", async () => {
    const storage = new MemoryOutbox([anEntry("bad"), anEntry("good")]);
    const server = new FakeServer();
    server.answer = (item) => (item.text === "bad" ? refused : null);
    const { outbox, sent } = open(storage, server);
    outbox.wake();
    await flush();

    expect(sent).toEqual(["good"]);
    expect(await storage.all()).toMatchObject([{ text: "bad", failure: "BLOCKED" }]);
  });

  it("does not bring back what was discarded while it was being refused", async () => {
    const storage = new MemoryOutbox([anEntry("bad")]);
    const server = new FakeServer();
    server.answer = async () => {
      await storage.remove("bad");
      return refused;
    };
    const { outbox } = open(storage, server);
    outbox.wake();
    await flush();

    expect(await storage.all()).toEqual([]);
  });

  it("does not let one chat wait for another", async () => {
    const storage = new MemoryOutbox([anEntry("slow"), anEntry("quick", { chatId: GROUP })]);
    const server = new FakeServer();
    server.answer = (item) => (item.text === "slow" ? new Promise(() => undefined) : null);
    const { outbox, sent } = open(storage, server);
    outbox.wake();
    await flush();

    expect(sent).toEqual(["quick"]);
  });

  it("tries at once when it is woken, and sends each only once however often it is", async () => {
    const server = new FakeServer();
    server.answer = () => away;
    const { outbox, sent } = open(new MemoryOutbox([anEntry("a")]), server);
    outbox.wake();
    await flush();
    server.answer = () => null;
    for (let times = 0; times < 3; times++) outbox.wake();
    await flush();

    expect(server.calls).toEqual(["a", "a"]);
    expect(sent).toEqual(["a"]);
  });

  it("waits as long as a server that has too much to do says", async () => {
    const server = new FakeServer();
    server.answer = () => new ChatlyError("RATE_LIMITED", "slow down", { retryable: true, retryAfterMs: 9_000 });
    const { outbox } = open(new MemoryOutbox([anEntry("a")]), server);
    outbox.wake();
    await vi.advanceTimersByTimeAsync(8_900);
    expect(server.calls).toHaveLength(1);

    await vi.advanceTimersByTimeAsync(200);

    expect(server.calls).toHaveLength(2);
    outbox.stop();
  });

  it("sends what is put in while it drains", async () => {
    const storage = new MemoryOutbox([anEntry("a")]);
    const server = new FakeServer();
    server.answer = async (item) => {
      if (item.text === "a") await storage.put(anEntry("b"));
      return null;
    };
    const { outbox, sent } = open(storage, server);
    outbox.wake();
    await flush();

    expect(sent).toEqual(["a", "b"]);
  });
});
