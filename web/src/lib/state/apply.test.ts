import { describe, expect, it } from "vitest";
import type { Change } from "@/lib/live/changes";
import { aChange, aChat, aMessage, aState, CHAT, created, GROUP, ME, PEER, texts, timeId } from "@/testing/builders";
import { applyChange, TYPING_MS, withoutStaleTyping } from "./apply";
import type { State } from "./model";

const edit = (tick: number, text: string, id = 100, editedAt = 100) =>
  aChange({ kind: "edited", messageId: timeId(tick), text, editedAt, editId: timeId(id) });
const deletion = (tick: number, forEveryone: boolean, withdrawn = false) =>
  aChange({ kind: "deleted", messageId: timeId(tick), forEveryone, withdrawn });
const reaction = (tick: number, present: boolean) =>
  aChange({ kind: "reaction", messageId: timeId(tick), userId: PEER, emoji: "👍", present });
const read = (tick: number, userId = ME) => aChange({ kind: "read", userId, messageId: timeId(tick) });

function after(state: State, ...changes: readonly Change[]): State {
  return changes.reduce((next, change) => applyChange(next, change, ME), state);
}

const unread = (state: State) => state.chats.get(CHAT)?.unreadCount;

describe("messages", () => {
  it("are ordered by id, in whichever order they arrive", () => {
    expect(texts(after(aState(), created(3), created(1), created(2)))).toEqual(["message 1", "message 2", "message 3"]);
  });

  it("appear once, however often they arrive", () => {
    const state = after(aState(), created(1), created(2), created(1), created(2));

    expect(texts(state)).toEqual(["message 1", "message 2"]);
    expect(unread(state)).toBe(2);
  });

  it("keep an edit when a replay delivers the original again", () => {
    expect(texts(after(aState(), created(1), edit(1, "better"), created(1)))).toEqual(["better"]);
  });

  it("get an edit or a deletion that arrived before them", () => {
    expect(texts(after(aState(), edit(1, "better"), created(1)))).toEqual(["better"]);
    expect(texts(after(aState(), deletion(2, false), created(2)))).toEqual([]);
  });

  it("keep the newer of two edits", () => {
    expect(texts(after(aState(), created(1), edit(1, "second", 200), edit(1, "first", 100)))).toEqual(["second"]);
  });

  it("order edits by the ids of their events, whatever the clocks of their servers said", () => {
    const sameTime = after(aState(), created(1), edit(1, "first", 100, 5_000), edit(1, "second", 101, 5_000));
    const fastClock = after(aState(), created(1), edit(1, "first", 100, 65_000), edit(1, "second", 101, 5_000));

    expect([texts(sameTime), texts(fastClock)]).toEqual([["second"], ["second"]]);
  });

  it("lose their content when deleted for everyone, and a later edit does not restore it", () => {
    const state = after(aState(), created(1), deletion(1, true), edit(1, "back", 900));

    expect(state.messages.get(CHAT)?.items).toMatchObject([{ text: "", deletedForEveryone: true }]);
  });

  it("disappear when deleted for oneself or withdrawn, and the preview shows the message before", () => {
    const state = after(aState(), created(1), created(2), created(3), deletion(2, false), deletion(3, true, true));

    expect(texts(state)).toEqual(["message 1"]);
    expect(state.chats.get(CHAT)?.lastMessage?.text).toBe("message 1");
  });

  it("have each reaction of a user once", () => {
    const state = after(aState([aMessage(1)]), reaction(1, true), reaction(1, true));
    expect(state.messages.get(CHAT)?.items[0]?.reactions).toHaveLength(1);

    expect(after(state, reaction(1, false)).messages.get(CHAT)?.items[0]?.reactions).toEqual([]);
  });

  it("replace their optimistic copy", () => {
    const waiting = aMessage(9, { key: `${ME}:9`, messageId: "", senderId: ME, state: "sending" });
    const state = after({ ...aState(), pending: [waiting] }, created(9, { key: `${ME}:9`, senderId: ME }));

    expect(state.pending).toEqual([]);
    expect(texts(state)).toEqual(["message 9"]);
  });
});

describe("unread counts", () => {
  it("fall once when an unread message is deleted or withdrawn, and not for read, own or unknown ones", () => {
    const mine = created(2, { senderId: ME, key: "mine" });
    const state = after(aState(), created(1), mine, created(3), created(4), created(5));
    const changes = [
      deletion(3, true),
      deletion(3, true),
      deletion(4, false),
      deletion(5, true, true),
      deletion(5, true),
    ];

    expect(unread(state)).toBe(3);
    expect(changes.map((_, index) => unread(after(state, ...changes.slice(0, index + 1))))).toEqual([2, 2, 1, 0, 0]);
    expect(unread(after(state, deletion(1, true), deletion(2, true), deletion(9, true)))).toBe(3);
    expect(unread(after(aState(), deletion(1, true), created(1)))).toBe(0);
  });

  it("grow by messages of others only", () => {
    expect(unread(after(aState(), created(1, { senderId: ME, key: "mine" }), created(2)))).toBe(1);
  });

  it("end with a message of one's own from another device, and a message of another marks those before it as read", () => {
    const mine = created(2, { senderId: ME, key: "mine" });
    const marks = (state: State) => state.chats.get(CHAT)?.members.map((member) => member.readMessageId);

    expect(unread(after(aState(), created(1), mine))).toBe(0);
    expect(marks(after(aState(), mine, created(3)))).toEqual([timeId(2), timeId(3)]);
  });

  it("shrink to the messages after the read mark, and an older mark changes nothing", () => {
    const state = after(aState(), created(1), created(2), created(3), read(2));
    expect(unread(state)).toBe(1);

    expect(unread(after(state, read(1)))).toBe(1);
    expect(unread(after(state, read(3)))).toBe(0);
  });

  it("do not count messages that were read on another device before they arrived", () => {
    const chat = aChat({ members: [{ userId: ME, role: null, readMessageId: timeId(5) }] });

    expect(unread(after({ ...aState(), chats: new Map([[CHAT, chat]]) }, created(4)))).toBe(0);
  });
});

describe("chats", () => {
  it("of two users appear with their first message", () => {
    const state = after({ ...aState(), chats: new Map() }, created(1));

    expect(state.chats.get(CHAT)).toMatchObject({ peerId: PEER, unreadCount: 1 });
  });

  it("disappear when the user is removed from the group", () => {
    const state = after(
      { ...aState(), chats: new Map([[GROUP, aChat({ chatId: GROUP, kind: "group" })]]) },
      aChange({ kind: "member", userId: ME, role: null }, { chatId: GROUP }),
    );

    expect(state.chats.has(GROUP)).toBe(false);
  });

  it("keep read marks when their details change", () => {
    const details = { kind: "group" as const, title: "New", description: "", avatarUrl: null, historyShared: true };
    const members = [{ userId: PEER, role: "owner" as const, readMessageId: null }];
    const state = after(aState(), read(4, PEER), aChange({ kind: "chat", details: { ...details, members } }));

    expect(state.chats.get(CHAT)).toMatchObject({
      title: "New",
      members: [{ role: "owner", readMessageId: timeId(4) }],
    });
  });
});

describe("typing", () => {
  const typing = (active: boolean, userId = PEER) => aChange({ kind: "typing", userId, active }, { at: 1_000 });

  it("is shown for others until they stop, send, or time out", () => {
    const state = after(aState(), typing(true), typing(true, ME));
    expect([...(state.typing.get(CHAT)?.keys() ?? [])]).toEqual([PEER]);

    expect(after(state, typing(false)).typing.get(CHAT)?.size).toBe(0);
    expect(after(state, created(1)).typing.get(CHAT)?.size).toBe(0);
    expect(withoutStaleTyping(state, 1_000 + TYPING_MS).typing.get(CHAT)?.size).toBe(0);
    expect(withoutStaleTyping(state, 999 + TYPING_MS)).toBe(state);
  });
});
