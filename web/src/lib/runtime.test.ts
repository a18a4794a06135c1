// @vitest-environment jsdom

import { afterEach, describe, expect, it, vi } from "vitest";
import { CHAT, ME, PEER, texts } from "@/testing/builders";
import { FakeMesh } from "@/testing/fake-mesh";
import { IndexedDbCache } from "./browser/cache";
import { deleteDatabase, openDatabase } from "./browser/database";
import { PageLocks } from "./browser/locks";
import { Runtime } from "./runtime";
import { initialState, type State } from "./state/model";
import { ObservableStore, type Store } from "./state/store";

interface Tab {
  readonly store: Store<State>;
  readonly runtime: Runtime;
  readonly close: () => Promise<void>;
}

/** One browser with several tabs. */
class Browser {
  readonly mesh = new FakeMesh();
  readonly #locks = new PageLocks();
  readonly #tabs = new Set<Tab>();

  open(): Tab {
    const store = new ObservableStore(initialState({ phase: "signed-in", userId: ME, username: "me" }));
    const runtime = new Runtime({
      me: ME,
      store,
      clients: this.mesh.clients(ME),
      locks: this.#locks,
      renew: () => Promise.resolve(),
      onSessionEnded: () => undefined,
    });
    runtime.start();
    runtime.loader.messages.watch(CHAT);
    const tab = { store, runtime, close: () => this.#close(tab) };
    this.#tabs.add(tab);
    return tab;
  }

  /** Open a leading tab with a live stream. */
  async openLive(): Promise<Tab> {
    const tab = this.open();
    await vi.waitFor(() => this.mesh.live.latest);
    this.mesh.catchUp();
    await vi.waitFor(() => expect(tab.store.get().connection.phase).toBe("live"));
    return tab;
  }

  async closeAll(): Promise<void> {
    for (const tab of this.#tabs) await tab.close();
    await deleteDatabase(ME);
  }

  async #close(tab: Tab): Promise<void> {
    this.#tabs.delete(tab);
    await tab.runtime.stop();
  }
}

describe("tabs of one browser", () => {
  let browser = new Browser();
  afterEach(async () => {
    await browser.closeAll();
    browser = new Browser();
  });
  const shows = (tab: Tab, ...expected: readonly string[]) =>
    vi.waitFor(() => expect(texts(tab.store.get())).toEqual(expected));

  it("share one subscription, and all show its changes", async () => {
    const tabs = [await browser.openLive(), browser.open(), browser.open()];
    for (const tab of tabs) await vi.waitFor(() => expect(tab.store.get().connection.phase).toBe("live"));
    browser.mesh.post("hello");

    for (const tab of tabs) await shows(tab, "hello");
    expect(browser.mesh.live.streams).toHaveLength(1);
  });

  it("show who is online, also in a tab opened later", async () => {
    await browser.openLive();
    const late = browser.open();

    await vi.waitFor(() => expect(late.store.get().presences.get(PEER)?.online).toBe(true));
  });

  it("hand the subscription over at its cursor when the leading tab closes", async () => {
    const first = await browser.openLive();
    const second = browser.open();
    await vi.waitFor(() => expect(second.store.get().connection.phase).toBe("live"));
    browser.mesh.post("one");
    await shows(second, "one");
    await first.close();
    await vi.waitFor(() => expect(browser.mesh.live.cursors).toEqual(["", "cursor-1"]));

    browser.mesh.post("two");

    await shows(second, "one", "two");
  });

  it("send a message of any tab once, and all show it", async () => {
    const leader = await browser.openLive();
    const follower = browser.open();
    await vi.waitFor(() => expect(follower.store.get().messages.get(CHAT)?.status).toBe("ready"));
    follower.runtime.sendQueue.add(CHAT, { text: "from a follower" });
    expect(follower.store.get().pending.map((message) => message.text)).toEqual(["from a follower"]);

    await shows(leader, "from a follower");
    await shows(follower, "from a follower");
    await vi.waitFor(() => expect(follower.store.get().pending).toEqual([]));
    expect(browser.mesh.sends).toEqual(["from a follower"]);
  });

  it("reload after a start without a cursor, so that no message before the subscription is lost", async () => {
    const tab = browser.open();
    await vi.waitFor(() => expect(tab.store.get().messages.get(CHAT)?.status).toBe("ready"));
    browser.mesh.postSilently("in between");
    await vi.waitFor(() => browser.mesh.live.latest);
    browser.mesh.catchUp();

    await shows(tab, "in between");
  });

  it("show the cache before the server answers", async () => {
    const before = await browser.openLive();
    browser.mesh.post("cached");
    await shows(before, "cached");
    const cache = new IndexedDbCache(openDatabase(ME));
    await vi.waitFor(async () => expect(await cache.messages(CHAT)).toHaveLength(1), { timeout: 5_000 });
    await before.close();

    vi.spyOn(browser.mesh, "clients").mockReturnValue(new Proxy({}, { get: () => neverAnswers }) as never);
    const after = browser.open();

    await shows(after, "cached");
    expect(after.store.get().messages.get(CHAT)?.status).toBe("cached");
  });

  it("ignore responses after the login has ended", async () => {
    const tab = await browser.openLive();
    await tab.close();
    tab.store.update(() => initialState({ phase: "signed-out", ended: false }));
    tab.runtime.loader.putUsers([]);

    expect(tab.store.get()).toEqual(initialState({ phase: "signed-out", ended: false }));
  });
});

const neverAnswers = new Proxy({}, { get: () => () => new Promise(() => undefined) });
