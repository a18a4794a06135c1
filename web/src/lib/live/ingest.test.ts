import { describe, expect, it } from "vitest";
import { ObservableStore } from "@/lib/state/store";
import { aChange, aMessage, aState, CHAT, created, GROUP, ME, PEER, texts, timeId } from "@/testing/builders";
import { Ingest } from "./ingest";

function open(state = aState()) {
  const store = new ObservableStore(state);
  const incomplete: string[] = [];
  const ingest = new Ingest({ store, me: ME, onIncomplete: (chatId) => incomplete.push(chatId) });
  return { store, ingest, incomplete };
}

const toggle = (present: boolean, eventId: string) =>
  aChange({ kind: "reaction", messageId: timeId(1), userId: PEER, emoji: "👍", present }, { eventId });

describe("the ingest", () => {
  it("applies each event once: a replay does not undo what came after", () => {
    const { store, ingest } = open(aState([aMessage(1)]));
    ingest.take([toggle(true, "a"), toggle(false, "b")]);
    ingest.take([toggle(true, "a")]);

    expect(store.get().messages.get(CHAT)?.items[0]?.reactions).toEqual([]);
  });

  it("puts what came live over a listing that was asked for before", () => {
    const { store, ingest } = open();
    const mark = ingest.mark();
    ingest.take([created(2)]);
    store.update(() => ingest.over(mark, aState([aMessage(1)])));

    expect(texts(store.get())).toEqual(["message 1", "message 2"]);
  });

  it("leaves alone what the listing knows", () => {
    const { store, ingest } = open();
    ingest.take([created(2)]);
    const mark = ingest.mark();
    store.update(() => ingest.over(mark, aState([aMessage(1)])));

    expect(texts(store.get())).toEqual(["message 1"]);
  });

  it("tells subscribers once for everything that came together", () => {
    const { store, ingest } = open();
    let told = 0;
    store.subscribe(() => told++);
    ingest.take([created(1), created(2), created(3)]);

    expect(told).toBe(1);
  });

  it("asks for a group that it does not know, and not for one that was left", () => {
    const { ingest, incomplete } = open();
    ingest.take([created(1, { chatId: GROUP })]);
    ingest.take([aChange({ kind: "member", userId: ME, role: null }, { chatId: GROUP })]);

    expect(incomplete).toEqual([GROUP]);
  });

  it("forgets old events, so that memory stays flat, and still places marks right", () => {
    const { store, ingest } = open();
    for (let tick = 1; tick <= 12_000; tick += 1_000) {
      ingest.take(Array.from({ length: 1_000 }, (_, place) => toggle(place % 2 === 0, `${tick}-${place}`)));
    }
    const mark = ingest.mark();
    ingest.take([created(7)]);
    store.update(() => ingest.over(mark, aState()));

    expect(texts(store.get())).toEqual(["message 7"]);
  });
});
