import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PageLocks } from "@/lib/browser/locks";
import type { SessionState } from "@/lib/types";
import { ME, PEER } from "@/testing/builders";
import { Session, SESSION_KEY, type StoredSession } from "./session";

const MINUTE = 60_000;

class FakeStorage {
  readonly values = new Map<string, string>();
  getItem = (key: string): string | null => this.values.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.values.set(key, value);
  removeItem = (key: string): void => void this.values.delete(key);
}

const stored = (minutes: number, userId = ME): StoredSession => ({
  userId,
  username: userId === ME ? "me" : "peer",
  expiresAt: Date.now() + minutes * MINUTE,
});

/** A browser with any number of tabs. */
class Browser {
  readonly storage = new FakeStorage();
  readonly #tabs = new Set<Session>();
  readonly locks = new PageLocks();
  refreshes = 0;
  answer: () => Promise<StoredSession> = () => Promise.resolve(stored(15));

  tab(): { session: Session; states: SessionState[]; reloads: () => number } {
    const states: SessionState[] = [];
    let reloads = 0;
    const session = new Session({
      storage: this.storage,
      locks: this.locks,
      refresh: () => {
        this.refreshes++;
        return this.answer();
      },
      isEnded: (failure) => (failure as Error).message === "ended",
      onChange: (state) => states.push(state),
      onOtherUser: () => reloads++,
      onStored: (value) => this.#tabs.forEach((tab) => tab !== session && tab.follow(value)),
    });
    this.#tabs.add(session);
    session.start();
    return { session, states, reloads: () => reloads };
  }
}

describe("the session", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it("survives a reload, and storage contains no secret", () => {
    const browser = new Browser();
    browser.tab().session.begin(stored(15));

    expect(browser.tab().session.state).toEqual({ phase: "signed-in", userId: ME, username: "me" });
    expect(Object.keys(JSON.parse(browser.storage.getItem(SESSION_KEY) ?? "{}") as object)).toEqual([
      "userId",
      "username",
      "expiresAt",
    ]);
  });

  it("renews its tokens before they expire, every time", async () => {
    const browser = new Browser();
    browser.tab().session.begin(stored(15));
    await vi.advanceTimersByTimeAsync(13 * MINUTE);
    expect(browser.refreshes).toBe(0);

    await vi.advanceTimersByTimeAsync(MINUTE + 1);
    expect(browser.refreshes).toBe(1);

    await vi.advanceTimersByTimeAsync(14 * MINUTE + 1);
    expect(browser.refreshes).toBe(2);
  });

  it("renews once for all tabs and calls that need it at the same time", async () => {
    const browser = new Browser();
    browser.storage.setItem(SESSION_KEY, JSON.stringify(stored(1)));
    const tabs = [browser.tab(), browser.tab(), browser.tab()];
    await vi.advanceTimersByTimeAsync(10);
    await Promise.all(tabs.flatMap(({ session }) => [session.renew(), session.renew()]));

    expect(browser.refreshes).toBe(1);
  });

  it("ends when only a new login helps, and reports that it was no logout", async () => {
    const browser = new Browser();
    const { session, states } = browser.tab();
    session.begin(stored(15));
    browser.answer = () => Promise.reject(new Error("ended"));

    await expect(session.renew()).rejects.toThrow("ended");

    expect(states.at(-1)).toEqual({ phase: "signed-out", ended: true });
    expect(browser.storage.values.size).toBe(0);
  });

  it("stays and retries while the server is unreachable", async () => {
    const browser = new Browser();
    const { session } = browser.tab();
    session.begin(stored(2));
    browser.answer = () => Promise.reject(new Error("unavailable"));
    await vi.advanceTimersByTimeAsync(90_000);

    expect(browser.refreshes).toBeGreaterThan(1);
    expect(session.state.phase).toBe("signed-in");
  });

  it("follows a login and a logout in another tab", () => {
    const browser = new Browser();
    const [one, other] = [browser.tab(), browser.tab()];
    one.session.begin(stored(15));
    other.session.syncFromStorage();
    one.session.end(false);
    other.session.syncFromStorage();

    expect(other.states.map((state) => state.phase)).toEqual(["signed-in", "signed-out"]);
  });

  it("is that of another user after a refresh: the tab reloads, and shows and does nothing for that user before", async () => {
    const browser = new Browser();
    const { session, states, reloads } = browser.tab();
    session.begin(stored(15));
    browser.answer = () => Promise.resolve(stored(15, PEER));

    await expect(session.renew()).rejects.toMatchObject({
      reason: "TOKEN_OF_OTHER_USER",
      details: { retryable: true },
    });
    await expect(session.renew()).rejects.toMatchObject({ reason: "TOKEN_OF_OTHER_USER" });
    await vi.advanceTimersByTimeAsync(60 * MINUTE);

    expect(reloads()).toBe(1);
    expect(browser.refreshes).toBe(1);
    expect(states.map((state) => state.phase === "signed-in" && state.userId)).toEqual([ME]);
    expect(browser.tab().session.state).toMatchObject({ userId: PEER });
  });

  it("is that of another user in all tabs once one tab stores it", async () => {
    const browser = new Browser();
    const [one, other] = [browser.tab(), browser.tab()];
    one.session.begin(stored(15));
    browser.answer = () => Promise.resolve(stored(15, PEER));

    await expect(one.session.renew()).rejects.toThrow();

    expect([one.reloads(), other.reloads()]).toEqual([1, 1]);
    expect(other.session.state).toMatchObject({ userId: ME });
  });

  it("is that of another user although no message of the other tab arrived", async () => {
    const browser = new Browser();
    const { session, reloads } = browser.tab();
    session.begin(stored(15));
    browser.storage.setItem(SESSION_KEY, JSON.stringify(stored(10, PEER)));

    await expect(session.renew()).rejects.toMatchObject({ reason: "TOKEN_OF_OTHER_USER" });

    expect([reloads(), browser.refreshes]).toEqual([1, 0]);
  });

  it("stays signed out, without a notice, when another tab logs out too", () => {
    const browser = new Browser();
    const { session } = browser.tab();
    session.follow(null);

    expect(session.state).toEqual({ phase: "signed-out", ended: false });
  });

  it("is signed out when storage contains invalid JSON", () => {
    const browser = new Browser();
    browser.storage.setItem(SESSION_KEY, "{invalid");

    expect(browser.tab().session.state).toEqual({ phase: "signed-out", ended: false });
  });
});
