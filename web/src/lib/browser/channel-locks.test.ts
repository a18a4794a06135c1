import { afterEach, describe, expect, it, vi } from "vitest";
import { ChannelLocks } from "./channel-locks";
import { electLeader } from "./leader-election";

const LOCK = "leader";

/** A tab that leads whenever it is elected. */
class Tab {
  readonly locks = new ChannelLocks({ settleMs: 30, askAgainMs: 100 });
  readonly #stop = new AbortController();
  isLeading = false;
  leads = 0;

  constructor() {
    const lead = (signal: AbortSignal) => {
      this.isLeading = true;
      this.leads++;
      signal.addEventListener("abort", () => (this.isLeading = false));
    };
    void electLeader(this.locks, LOCK, this.#stop.signal, lead);
  }

  stop(): void {
    this.#stop.abort();
    this.locks.close();
  }
}

/** Deliver a tab's messages late: it is suspended. */
class Suspended {
  readonly #channel: Pick<BroadcastChannel, "onmessage">;
  readonly #receive: BroadcastChannel["onmessage"];
  readonly #queue: MessageEvent[] = [];

  constructor(channel: Pick<BroadcastChannel, "onmessage">) {
    this.#channel = channel;
    this.#receive = channel.onmessage;
    channel.onmessage = (event) => this.#queue.push(event);
  }

  resume(): void {
    this.#channel.onmessage = this.#receive;
    for (const event of this.#queue) this.#receive?.call(this.#channel as BroadcastChannel, event);
  }
}

describe("locks without Web Locks", () => {
  const tabs: Tab[] = [];
  afterEach(() => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
    for (const tab of tabs.splice(0)) tab.stop();
  });
  const open = (): Tab => {
    const tab = new Tab();
    tabs.push(tab);
    return tab;
  };
  const leaders = () => tabs.filter((tab) => tab.isLeading);
  const elected = () => vi.waitFor(() => expect(leaders()).toHaveLength(1));

  it("elect one of several tabs that open at the same time", async () => {
    for (let tab = 0; tab < 6; tab++) open();
    await elected();
    const [leader] = leaders();
    await new Promise((resolve) => setTimeout(resolve, 300));

    expect(leaders()).toEqual([leader]);
    expect(tabs.map((tab) => tab.leads).toSorted()).toEqual([0, 0, 0, 0, 0, 1]);
  });

  it("leave the lead to a tab that has it", async () => {
    const first = open();
    await elected();
    open();
    await new Promise((resolve) => setTimeout(resolve, 300));

    expect(leaders()).toEqual([first]);
  });

  it("elect the next tab when the leading tab closes", async () => {
    const first = open();
    await elected();
    const second = open();
    first.stop();

    await vi.waitFor(() => expect(second.isLeading).toBe(true));
    expect(first.isLeading).toBe(false);
  });

  it("elect the next tab when the leading tab crashed", async () => {
    const channels = recordChannels();
    open();
    await elected();
    const second = open();
    // It answers nothing, and does not release the lock.
    new Suspended(channels[0] as BroadcastChannel);

    await vi.waitFor(() => expect(second.isLeading).toBe(true));
  });

  it("take the lead from the later of two tabs when the earlier one was suspended", async () => {
    const channels = recordChannels();
    const first = open();
    await elected();
    const suspended = new Suspended(channels[0] as BroadcastChannel);
    const second = open();
    await vi.waitFor(() => expect(second.isLeading).toBe(true));
    suspended.resume();

    await vi.waitFor(() => expect(leaders()).toEqual([first]));
    // It waits, and leads again once the other tab closes.
    first.stop();
    await vi.waitFor(() => expect(second.leads).toBe(2));
  });

  it("run the work of all tabs, one at a time", async () => {
    const log: string[] = [];
    const work = (tab: Tab, name: string) =>
      tab.locks.exclusive("work", async () => {
        log.push(`${name} begins`);
        await new Promise((resolve) => setTimeout(resolve, 20));
        log.push(`${name} ends`);
      });
    const [one, other] = [open(), open()];
    await Promise.all([work(one, "a"), work(other, "b"), work(one, "c")]);

    expect(log).toHaveLength(6);
    for (let index = 0; index < 6; index += 2) expect(log[index + 1]).toBe(log[index]?.replace("begins", "ends"));
  });

  it("are released by work that fails, and stop to wait with the signal", async () => {
    const [one, other] = [open(), open()];
    const stop = new AbortController();
    const failing = one.locks.exclusive("work", () => Promise.reject(new Error("failed")));
    await expect(failing).rejects.toThrow("failed");
    const endless = one.locks.exclusive("work", () => new Promise(() => undefined));
    const waiting = other.locks.exclusive("work", () => Promise.resolve(), stop.signal);
    stop.abort(new Error("stopped"));

    await expect(waiting).rejects.toThrow("stopped");
    void endless;
  });
});

/** Return the channels that are opened from now on. */
function recordChannels(): BroadcastChannel[] {
  const channels: BroadcastChannel[] = [];
  class Recorded extends BroadcastChannel {
    constructor(name: string) {
      super(name);
      channels.push(this);
    }
  }
  vi.stubGlobal("BroadcastChannel", Recorded);
  return channels;
}
