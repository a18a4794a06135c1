import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ConnectionState } from "@/lib/types";
import { anItem, created } from "@/testing/builders";
import { FakeTransport } from "@/testing/fake-stream";
import type { LiveItem } from "./changes";
import { type LiveOptions, LiveSubscription } from "./subscription";
import { STALL_MS } from "./resilient-stream";

const lost = new Error("lost");

interface Harness {
  readonly transport: FakeTransport<LiveItem>;
  readonly items: LiveItem[];
  readonly states: ConnectionState[];
  readonly gaps: () => number;
  readonly live: LiveSubscription;
}

function open(options: Partial<LiveOptions> = {}): Harness {
  const transport = new FakeTransport<LiveItem>();
  const items: LiveItem[] = [];
  const states: ConnectionState[] = [];
  let gaps = 0;
  const live = new LiveSubscription({
    cursor: "",
    subscribe: transport.open,
    onItem: (item) => items.push(item),
    onGap: () => gaps++,
    classify: () => "retry",
    renew: () => Promise.resolve(),
    onConnection: (state) => states.push(state),
    onEnd: () => undefined,
    random: () => 1,
    ...options,
  });
  return { transport, items, states, gaps: () => gaps, live };
}

const settle = () => vi.advanceTimersByTimeAsync(0);

describe("the live subscription", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it("is live after the replay of missed events", async () => {
    const { live, transport, states } = open();
    live.start();
    await settle();
    expect(states.at(-1)?.phase).toBe("connecting");

    transport.latest.send(anItem({ caughtUp: true }));
    await settle();

    expect(states.at(-1)).toEqual({ phase: "live", retryAt: null, since: null });
    live.stop();
  });

  it("resumes behind the last item with a cursor", async () => {
    const { live, transport, items } = open();
    live.start();
    transport.latest.send(anItem({ caughtUp: true, cursor: "c1" }));
    transport.latest.send(anItem({ changes: [created(1)], cursor: "c2" }));
    transport.latest.send(anItem({ changes: [created(2)] }));
    transport.latest.fail(lost);
    await vi.advanceTimersByTimeAsync(1_000);

    expect(transport.cursors).toEqual(["", "c2"]);
    expect(items.flatMap((item) => item.changes)).toHaveLength(2);
    live.stop();
  });

  it("reports a gap after a start without a cursor, but not after resuming with one", async () => {
    const { live, transport, gaps } = open();
    live.start();
    transport.latest.send(anItem({ caughtUp: true, cursor: "c1" }));
    transport.latest.end();
    await vi.advanceTimersByTimeAsync(1_000);
    transport.latest.send(anItem({ caughtUp: true, cursor: "c2" }));
    await settle();

    expect(transport.streams).toHaveLength(2);
    expect(gaps()).toBe(1);
    live.stop();
  });

  it("reports a gap when the server cannot replay", async () => {
    const { live, transport, gaps, states } = open({ cursor: "old" });
    live.start();
    transport.latest.send(anItem({ resync: true, cursor: "new" }));
    await settle();

    expect(gaps()).toBe(1);
    expect(states.at(-1)?.phase).toBe("live");
    transport.latest.end();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(transport.cursors).toEqual(["old", "new"]);
    live.stop();
  });

  it("drops a cursor that the server rejects", async () => {
    const { live, transport } = open({ cursor: "broken", classify: () => "reset-cursor" });
    live.start();
    transport.latest.fail(lost);
    await vi.advanceTimersByTimeAsync(1_000);

    expect(transport.cursors).toEqual(["broken", ""]);
    live.stop();
  });

  it("reopens the stream after 40 s without a heartbeat", async () => {
    const { live, transport, states } = open();
    live.start();
    transport.latest.send(anItem({ caughtUp: true, cursor: "c1" }));
    await vi.advanceTimersByTimeAsync(STALL_MS - 1_000);
    expect(transport.streams).toHaveLength(1);

    await vi.advanceTimersByTimeAsync(2_000);

    expect(transport.cursors).toEqual(["", "c1"]);
    expect(transport.streams[0]?.signal.aborted).toBe(true);
    expect(states.map((state) => state.phase)).toEqual(["connecting", "live", "waiting"]);
    live.stop();
  });

  it("keeps the stream while heartbeats arrive", async () => {
    const { live, transport } = open();
    live.start();
    for (let beat = 0; beat < 20; beat++) {
      transport.latest.send(anItem());
      await vi.advanceTimersByTimeAsync(15_000);
    }

    expect(transport.streams).toHaveLength(1);
    live.stop();
  });

  it("waits as long as a server that shuts down asks", async () => {
    const { live, transport } = open();
    live.start();
    transport.latest.send(anItem({ caughtUp: true, cursor: "c1" }));
    transport.latest.send(anItem({ reconnectMs: 3_000 }));
    await vi.advanceTimersByTimeAsync(2_900);
    expect(transport.streams).toHaveLength(1);

    await vi.advanceTimersByTimeAsync(200);

    expect(transport.cursors).toEqual(["", "c1"]);
    live.stop();
  });

  it("lengthens the pauses when each stream is dropped soon after it is live", async () => {
    const { live, transport } = open();
    live.start();
    const opened: number[] = [];
    for (let second = 0; second < 120; second++) {
      if (!transport.latest.signal.aborted && opened.at(-1) !== transport.streams.length) {
        opened.push(transport.streams.length);
        transport.latest.send(anItem({ caughtUp: true }));
        transport.latest.fail(lost);
      }
      await vi.advanceTimersByTimeAsync(1_000);
    }

    expect(transport.streams.length).toBeGreaterThan(4);
    expect(transport.streams.length).toBeLessThan(12);
    live.stop();
  });

  it("reconnects many clients at random times", async () => {
    const waits = await Promise.all(
      [0, 0.25, 0.5, 1].map(async (chance) => {
        const { live, transport, states } = open({ random: () => chance });
        live.start();
        for (let round = 0; round < 4; round++) {
          transport.latest.fail(lost);
          await settle();
          live.wake();
          await settle();
        }
        live.stop();
        const waiting = states.filter((state) => state.phase === "waiting").at(-1);
        return (waiting?.retryAt ?? 0) - Date.now();
      }),
    );

    expect(waits).toEqual([100, 1_075, 2_050, 4_000]);
  });

  it("starts over with short pauses after a steady stream", async () => {
    const { live, transport, states } = open();
    live.start();
    for (let round = 0; round < 5; round++) {
      transport.latest.fail(lost);
      await vi.advanceTimersByTimeAsync(30_000);
    }
    transport.latest.send(anItem({ caughtUp: true }));
    await vi.advanceTimersByTimeAsync(11_000);
    transport.latest.fail(lost);
    await settle();

    expect((states.at(-1)?.retryAt ?? 0) - Date.now()).toBe(500);
    live.stop();
  });

  it("reconnects at once when the network is back", async () => {
    const { live, transport } = open();
    live.start();
    transport.latest.fail(lost);
    await settle();
    live.wake();
    await settle();

    expect(transport.streams).toHaveLength(2);
    live.stop();
  });

  it("reopens a silent stream when the machine wakes up, but keeps one that just delivered", async () => {
    const { live, transport } = open();
    live.start();
    transport.latest.send(anItem({ caughtUp: true, cursor: "c1" }));
    await vi.advanceTimersByTimeAsync(16_000);
    transport.latest.send(anItem());
    await vi.advanceTimersByTimeAsync(16_000);
    live.wake();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(transport.streams).toHaveLength(1);

    await vi.advanceTimersByTimeAsync(2_000);
    live.wake();
    await vi.advanceTimersByTimeAsync(1_000);

    expect(transport.cursors).toEqual(["", "c1"]);
    live.stop();
  });

  it("renews the tokens and resumes at once", async () => {
    let renewed = 0;
    const { live, transport, states } = open({
      cursor: "c1",
      classify: () => "renew",
      renew: () => {
        renewed++;
        return Promise.resolve();
      },
    });
    live.start();
    transport.latest.fail(new Error("token expired"));
    await vi.advanceTimersByTimeAsync(1);

    expect(renewed).toBe(1);
    expect(states.map((state) => state.phase)).toEqual(["connecting"]);
    expect(transport.cursors).toEqual(["c1", "c1"]);
    live.stop();
  });

  it("pauses when the server rejects even new tokens", async () => {
    const { live, transport } = open({ classify: () => "renew" });
    live.start();
    for (let second = 0; second < 60; second++) {
      transport.latest.fail(new Error("token expired"));
      await vi.advanceTimersByTimeAsync(1_000);
    }

    expect(transport.streams.length).toBeLessThan(12);
    live.stop();
  });

  it("ends when the session has ended", async () => {
    const ends: unknown[] = [];
    const { live, transport } = open({ classify: () => "end", onEnd: (failure) => ends.push(failure) });
    live.start();
    transport.latest.fail(lost);
    await vi.advanceTimersByTimeAsync(120_000);

    expect(ends).toEqual([lost]);
    expect(transport.streams).toHaveLength(1);
  });

  it("opens no stream after it was stopped", async () => {
    const { live, transport } = open();
    live.start();
    await settle();
    live.stop();
    await vi.advanceTimersByTimeAsync(120_000);

    expect(transport.streams).toHaveLength(1);
    expect(transport.latest.signal.aborted).toBe(true);
  });
});
