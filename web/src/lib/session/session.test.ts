import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PageLocks } from "@/lib/browser/locks";
import type { SessionState } from "@/lib/types";
import { ME } from "@/testing/builders";
import { type Remembered, Session, SESSION_KEY } from "./session";

const MINUTE = 60_000;

class FakeStorage {
  readonly values = new Map<string, string>();
  getItem = (key: string): string | null => this.values.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.values.set(key, value);
  removeItem = (key: string): void => void this.values.delete(key);
}

const remembered = (minutes: number): Remembered => ({
  userId: ME,
  username: "me",
  expiresAt: Date.now() + minutes * MINUTE,
});

/** A browser with any number of tabs. */
class Bench {
  readonly storage = new FakeStorage();
  readonly locks = new PageLocks();
  refreshes = 0;
  answer: () => Promise<Remembered> = () => Promise.resolve(remembered(15));

  tab(): { session: Session; states: SessionState[] } {
    const states: SessionState[] = [];
    const session = new Session({
      storage: this.storage,
      locks: this.locks,
      refresh: () => {
        this.refreshes++;
        return this.answer();
      },
      isOver: (failure) => (failure as Error).message === "over",
      onChange: (state) => states.push(state),
    });
    session.start();
    return { session, states };
  }
}

describe("the session", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it("is there again after a reload, and storage holds no secret", () => {
    const bench = new Bench();
    bench.tab().session.begin(remembered(15));

    expect(bench.tab().session.state).toEqual({ phase: "signed-in", userId: ME, username: "me" });
    expect(Object.keys(JSON.parse(bench.storage.getItem(SESSION_KEY) ?? "{}") as object)).toEqual([
      "userId",
      "username",
      "expiresAt",
    ]);
  });

  it("renews its tokens before they run out, again and again", async () => {
    const bench = new Bench();
    bench.tab().session.begin(remembered(15));
    await vi.advanceTimersByTimeAsync(13 * MINUTE);
    expect(bench.refreshes).toBe(0);

    await vi.advanceTimersByTimeAsync(MINUTE + 1);
    expect(bench.refreshes).toBe(1);

    await vi.advanceTimersByTimeAsync(14 * MINUTE + 1);
    expect(bench.refreshes).toBe(2);
  });

  it("renews once for all tabs and all calls that ask at the same time", async () => {
    const bench = new Bench();
    bench.storage.setItem(SESSION_KEY, JSON.stringify(remembered(1)));
    const tabs = [bench.tab(), bench.tab(), bench.tab()];
    await vi.advanceTimersByTimeAsync(10);
    await Promise.all(tabs.flatMap(({ session }) => [session.renew(), session.renew()]));

    expect(bench.refreshes).toBe(1);
  });

  it("ends when only a login helps, and says that it ended by itself", async () => {
    const bench = new Bench();
    const { session, states } = bench.tab();
    session.begin(remembered(15));
    bench.answer = () => Promise.reject(new Error("over"));

    await expect(session.renew()).rejects.toThrow("over");

    expect(states.at(-1)).toEqual({ phase: "signed-out", ended: true });
    expect(bench.storage.values.size).toBe(0);
  });

  it("stays and tries again when the server is away", async () => {
    const bench = new Bench();
    const { session } = bench.tab();
    session.begin(remembered(2));
    bench.answer = () => Promise.reject(new Error("away"));
    await vi.advanceTimersByTimeAsync(90_000);

    expect(bench.refreshes).toBeGreaterThan(1);
    expect(session.state.phase).toBe("signed-in");
  });

  it("follows a login and a logout in another tab", () => {
    const bench = new Bench();
    const [one, other] = [bench.tab(), bench.tab()];
    one.session.begin(remembered(15));
    other.session.changedElsewhere();
    one.session.end(false);
    other.session.changedElsewhere();

    expect(other.states.map((state) => state.phase)).toEqual(["signed-in", "signed-out"]);
  });

  it("is not there when storage holds nonsense", () => {
    const bench = new Bench();
    bench.storage.setItem(SESSION_KEY, "{nonsense");

    expect(bench.tab().session.state).toEqual({ phase: "signed-out", ended: false });
  });
});
