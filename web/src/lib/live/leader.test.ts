// @vitest-environment jsdom

import { afterEach, describe, expect, it, vi } from "vitest";
import { TabChannel } from "@/lib/browser/tab-channel";
import { PageLocks } from "@/lib/browser/locks";
import { Outbox, type OutboxItem } from "@/lib/outbox/outbox";
import type { UploadStorage } from "@/lib/outbox/storage";
import type { UploadRecord } from "@/lib/outbox/upload";
import { UploadQueue } from "@/lib/outbox/upload-queue";
import { ObservableStore } from "@/lib/state/store";
import { ChatlyError, type ConnectionState, type Presence } from "@/lib/types";
import { aMessage, anOutboxItem, aState, ME, PEER } from "@/testing/builders";
import { FakeMesh } from "@/testing/fake-mesh";
import { MemoryOutbox } from "@/testing/memory-outbox";
import type { Change } from "./changes";
import { Leader } from "./leader";

const LONG_AGO = 0;

/** One tab with a leader, and what its channel published. */
function open({ items = [], cursor = "" }: { items?: readonly OutboxItem[]; cursor?: string } = {}) {
  const mesh = new FakeMesh();
  const stop = new AbortController();
  const changes: Change[] = [];
  const connections: ConnectionState[] = [];
  const presences: Presence[] = [];
  const sent: string[] = [];
  const removedUploads: string[] = [];
  const channel = new TabChannel({
    name: "leader",
    tabId: "tab",
    listener: {
      onChanges: (published) => changes.push(...published),
      onPresences: (update) => presences.push(...update.presences),
      onConnection: (connection) => connections.push(connection),
      onGap: () => undefined,
      onOutbox: () => undefined,
      onProfile: () => undefined,
    },
    welcome: () => null,
  });
  if (cursor !== "") channel.publishChanges([], cursor);
  const outboxStorage = new MemoryOutbox(items);
  const uploads = ["used", "abandoned"].map((id) => ({ id, createdAt: LONG_AGO }) as UploadRecord);
  const uploadStorage = {
    all: () => Promise.resolve(uploads),
    remove: (id: string) => Promise.resolve(void removedUploads.push(id)),
  } as unknown as UploadStorage;
  const clients = mesh.clients(ME);
  const leader = new Leader({
    clients,
    channel,
    openOutbox: () =>
      new Outbox({
        storage: outboxStorage,
        send: (item) => {
          sent.push(item.text);
          return Promise.resolve(aMessage(1));
        },
        onSent: () => undefined,
        onChanged: () => undefined,
        asError: (failure) => failure as ChatlyError,
      }),
    outboxStorage,
    uploadQueue: new UploadQueue({
      store: new ObservableStore(aState()),
      storage: uploadStorage,
      media: clients.media,
      locks: new PageLocks(),
    }),
    deviceId: "tab",
    renew: () => Promise.resolve(),
    onSessionEnded: () => undefined,
  });
  const close = () => {
    stop.abort();
    channel.close();
  };
  return {
    mesh,
    leader,
    signal: stop.signal,
    changes,
    connections,
    presences,
    outboxStorage,
    sent,
    removedUploads,
    close,
  };
}

/** Let promises resolve until the condition holds, for some time at most; no timer fires meanwhile. */
async function settle(isDone: () => boolean): Promise<void> {
  for (let round = 0; round < 200 && !isDone(); round++) await new Promise((resolve) => setImmediate(resolve));
}

describe("the leader", () => {
  const closing: (() => void)[] = [];
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
    for (const close of closing.splice(0)) close();
  });
  const start = (options: Parameters<typeof open>[0] = {}) => {
    const tab = open(options);
    closing.push(tab.close);
    tab.leader.start(tab.signal);
    return tab;
  };

  it("publishes what the subscription and the presence stream deliver", async () => {
    const { mesh, changes, connections, presences } = start();
    await vi.waitFor(() => mesh.live.latest);
    mesh.catchUp();
    mesh.post("hello");

    await vi.waitFor(() => expect(changes).toMatchObject([{ kind: "message", message: { text: "hello" } }]));
    await vi.waitFor(() => expect(presences).toMatchObject([{ userId: PEER, online: true }]));
    expect(connections.map(({ phase }) => phase)).toEqual(["connecting", "live"]);
  });

  it("resumes at the cursor of an earlier leader", async () => {
    const { mesh } = start({ cursor: "cursor-7" });

    await vi.waitFor(() => expect(mesh.live.cursors).toEqual(["cursor-7"]));
  });

  it("reports that the browser is offline", () => {
    vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    const { connections } = start();

    expect(connections.map(({ phase }) => phase)).toEqual(["offline"]);
  });

  it("reopens the subscription at once when the network is back", async () => {
    const { mesh, connections } = start();
    await vi.waitFor(() => mesh.live.latest);
    // The pause before the next attempt never ends by itself.
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    window.dispatchEvent(new Event("offline"));
    await settle(() => connections.at(-1)?.phase === "waiting");
    expect(mesh.live.streams).toHaveLength(1);
    window.dispatchEvent(new Event("online"));

    await settle(() => mesh.live.streams.length === 2);
    expect(mesh.live.streams).toHaveLength(2);
  });

  it("sends what the outbox holds, and what is added later", async () => {
    const { leader, outboxStorage, sent } = start({ items: [anOutboxItem({ text: "stored" })] });
    await vi.waitFor(() => expect(sent).toEqual(["stored"]));
    await outboxStorage.put(anOutboxItem({ text: "added" }));
    leader.wakeOutbox();

    await vi.waitFor(() => expect(sent).toEqual(["stored", "added"]));
  });

  it("sends nothing before it leads", async () => {
    const { leader, sent, close } = open({ items: [anOutboxItem()] });
    closing.push(close);
    leader.wakeOutbox();
    await new Promise((resolve) => setTimeout(resolve));

    expect([leader.isLeading, sent]).toEqual([false, []]);
  });

  it("sends again after it lost the lead and got it back", async () => {
    const { leader, outboxStorage, sent, mesh, close } = open();
    closing.push(close);
    const [first, second] = [new AbortController(), new AbortController()];
    closing.push(() => second.abort());
    leader.start(first.signal);
    await vi.waitFor(() => mesh.live.latest);
    first.abort();
    expect(leader.isLeading).toBe(false);
    await outboxStorage.put(anOutboxItem({ text: "meanwhile" }));
    leader.wakeOutbox();
    leader.start(second.signal);

    await vi.waitFor(() => expect(sent).toEqual(["meanwhile"]));
    await vi.waitFor(() => expect(mesh.live.streams.map(({ signal }) => signal.aborted)).toEqual([true, false]));
  });

  it("deletes old uploads that no message uses", async () => {
    const { removedUploads } = start({
      items: [anOutboxItem({ failure: "BLOCKED", uploadIds: ["used"] })],
    });

    await vi.waitFor(() => expect(removedUploads).toEqual(["abandoned"]));
  });

  it("closes its streams when the tab stops", async () => {
    const { mesh, close } = start();
    await vi.waitFor(() => mesh.live.latest);
    close();

    await vi.waitFor(() => expect(mesh.live.latest.signal.aborted).toBe(true));
  });
});
