import { afterEach, describe, expect, it, vi } from "vitest";
import type { Change } from "@/lib/live/changes";
import type { PresenceUpdate } from "@/lib/live/presence";
import type { ConnectionState } from "@/lib/types";
import { aPresence, created, PEER } from "@/testing/builders";
import { TabChannel, type TabMessage, type Welcome } from "./tab-channel";

const LIVE: ConnectionState = { phase: "live", retryAt: null, since: null };

/** A tab that records what its listener gets. */
class Tab {
  readonly changes: Change[] = [];
  readonly presences: PresenceUpdate[] = [];
  readonly connections: ConnectionState[] = [];
  gaps = 0;
  outboxes = 0;
  profiles = 0;
  welcome: Welcome | null = null;
  readonly channel: TabChannel;

  constructor(tabId: string) {
    this.channel = new TabChannel({
      name: "tabs",
      tabId,
      listener: {
        onChanges: (changes) => this.changes.push(...changes),
        onPresences: (update) => this.presences.push(update),
        onConnection: (connection) => this.connections.push(connection),
        onGap: () => this.gaps++,
        onOutbox: () => this.outboxes++,
        onProfile: () => this.profiles++,
      },
      welcome: () => this.welcome,
    });
  }
}

describe("the tab channel", () => {
  const channels: { close: () => void }[] = [];
  afterEach(() => {
    for (const channel of channels.splice(0)) channel.close();
  });
  const open = (tabId: string): Tab => {
    const tab = new Tab(tabId);
    channels.push(tab.channel);
    return tab;
  };
  /** A channel that sends messages as they are. */
  const openRaw = (): BroadcastChannel => {
    const channel = new BroadcastChannel("tabs");
    channels.push(channel);
    return channel;
  };
  const message = (number: number, sender = "leader"): TabMessage => ({
    kind: "changes",
    sender,
    number,
    changes: [created(number)],
    cursor: `cursor-${number}`,
  });

  it("applies published changes, presences, connections and gaps in every tab", async () => {
    const [leader, follower] = [open("leader"), open("follower")];
    const presence = { presences: [aPresence()], snapshot: false };
    leader.channel.publishChanges([created(1)], "cursor-1");
    leader.channel.publishPresences(presence);
    leader.channel.publishConnection(LIVE);
    leader.channel.publishGap();

    await vi.waitFor(() => expect(follower.gaps).toBe(1));
    for (const tab of [leader, follower]) {
      expect(tab.changes).toHaveLength(1);
      expect(tab.presences).toMatchObject([presence]);
      expect(tab.connections).toEqual([LIVE]);
      expect(tab.gaps).toBe(1);
    }
  });

  it("posts changes of the outbox and of the profile to the other tabs only", async () => {
    const [tab, other] = [open("tab"), open("other")];
    tab.channel.postOutbox();
    tab.channel.postProfile();

    await vi.waitFor(() => expect([other.outboxes, other.profiles]).toEqual([1, 1]));
    expect([tab.outboxes, tab.profiles]).toEqual([0, 0]);
  });

  it("sends nothing for an item without changes and cursor, or without presences", async () => {
    const [leader, follower] = [open("leader"), open("follower")];
    leader.channel.publishChanges([], "");
    leader.channel.publishPresences({ presences: [], snapshot: false });
    leader.channel.publishConnection(LIVE);

    await vi.waitFor(() => expect(follower.connections).toHaveLength(1));
    expect(follower.presences).toEqual([]);
  });

  it("reports a gap when a message of the leader was lost", async () => {
    const follower = open("follower");
    const leader = openRaw();
    for (const number of [1, 2, 4]) leader.postMessage(message(number));

    await vi.waitFor(() => expect(follower.changes).toHaveLength(3));
    expect(follower.gaps).toBe(1);
  });

  it("reports no gap when another tab becomes the leader", async () => {
    const follower = open("follower");
    const tabs = openRaw();
    for (const [number, sender] of [
      [1, "first"],
      [2, "first"],
      [7, "second"],
      [8, "second"],
    ] as const)
      tabs.postMessage(message(number, sender));

    await vi.waitFor(() => expect(follower.changes).toHaveLength(4));
    expect(follower.gaps).toBe(0);
  });

  it("keeps the newest cursor for the next leader", async () => {
    const [leader, follower] = [open("leader"), open("follower")];
    leader.channel.publishChanges([created(1)], "cursor-1");
    leader.channel.publishChanges([created(2)], "");

    await vi.waitFor(() => expect(follower.changes).toHaveLength(2));
    expect([leader.channel.cursor, follower.channel.cursor]).toEqual(["cursor-1", "cursor-1"]);
  });

  it("gives a new tab the leader's cursor, presences and connection", async () => {
    const leader = open("leader");
    leader.channel.publishChanges([created(1)], "cursor-1");
    leader.welcome = { connection: LIVE, presences: [aPresence()] };
    const late = open("late");
    late.channel.postHello();

    await vi.waitFor(() => expect(late.connections).toEqual([LIVE]));
    expect(late.channel.cursor).toBe("cursor-1");
    expect(late.presences).toMatchObject([{ presences: [{ userId: PEER }], snapshot: true }]);
  });

  it("does not answer a new tab unless it leads", async () => {
    const follower = open("follower");
    const late = open("late");
    late.channel.postHello();
    follower.channel.postOutbox();

    await vi.waitFor(() => expect(late.outboxes).toBe(1));
    expect(late.connections).toEqual([]);
  });
});
