import { describe, expect, it } from "vitest";
import { ObservableStore } from "@/lib/state/store";
import { NOT_LOADED } from "@/lib/state/model";
import { aChange, aChat, aMessage, aState, CHAT, created, GROUP, ME, PEER, texts, timeId } from "@/testing/builders";
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
  it("applies each event once, so that a replay does not undo later events", () => {
    const { store, ingest } = open(aState([aMessage(1)]));
    ingest.apply([toggle(true, "a"), toggle(false, "b")]);
    ingest.apply([toggle(true, "a")]);

    expect(store.get().messages.get(CHAT)?.items[0]?.reactions).toEqual([]);
  });

  it("applies live changes over a response that was requested before them", () => {
    const { store, ingest } = open();
    const position = ingest.position();
    ingest.apply([created(2)]);
    store.update(() => ingest.applySince(position, aState([aMessage(1)])));

    expect(texts(store.get())).toEqual(["message 1", "message 2"]);
  });

  it("asks for a chat whose unread messages it cannot count after a read mark from elsewhere", () => {
    const state = aState([aMessage(8), aMessage(9)]);
    const list = { ...NOT_LOADED, items: [aMessage(8), aMessage(9)], status: "ready" as const, hasOlder: true };
    const chats = new Map([[CHAT, aChat({ lastMessage: aMessage(9), unreadCount: 9 })]]);
    const { ingest, incomplete, store } = open({ ...state, chats, messages: new Map([[CHAT, list]]) });

    ingest.apply([aChange({ kind: "read", userId: ME, messageId: timeId(3) }, { eventId: "" })]);
    expect(incomplete).toEqual([]);
    ingest.apply([aChange({ kind: "read", userId: ME, messageId: timeId(4) })]);
    expect(incomplete).toEqual([CHAT]);
    ingest.apply([aChange({ kind: "read", userId: ME, messageId: timeId(8) })]);
    expect(incomplete).toEqual([CHAT]);
    expect(store.get().chats.get(CHAT)?.unreadCount).toBe(1);
  });

  it("does not apply changes from before the request", () => {
    const { store, ingest } = open();
    ingest.apply([created(2)]);
    const position = ingest.position();
    store.update(() => ingest.applySince(position, aState([aMessage(1)])));

    expect(texts(store.get())).toEqual(["message 1"]);
  });

  it("notifies subscribers once per call", () => {
    const { store, ingest } = open();
    let notified = 0;
    store.subscribe(() => notified++);
    ingest.apply([created(1), created(2), created(3)]);

    expect(notified).toBe(1);
  });

  it("requests the details of an unknown group, but not of a group that the user left", () => {
    const { ingest, incomplete } = open();
    ingest.apply([created(1, { chatId: GROUP })]);
    ingest.apply([aChange({ kind: "member", userId: ME, role: null }, { chatId: GROUP })]);

    expect(incomplete).toEqual([GROUP]);
  });

  it("drops old events and keeps positions valid", () => {
    const { store, ingest } = open();
    for (let tick = 1; tick <= 12_000; tick += 1_000) {
      ingest.apply(Array.from({ length: 1_000 }, (_, index) => toggle(index % 2 === 0, `${tick}-${index}`)));
    }
    const position = ingest.position();
    ingest.apply([created(7)]);
    store.update(() => ingest.applySince(position, aState()));

    expect(texts(store.get())).toEqual(["message 7"]);
  });
});
