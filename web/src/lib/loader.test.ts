import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ListDirection } from "@/gen/chatly/messaging/v1/messaging_service_pb";
import { ErrorInfoSchema } from "@/gen/google/rpc/error_details_pb";
import type { Cache } from "@/lib/browser/cache";
import { Ingest } from "@/lib/live/ingest";
import { initialState, type State } from "@/lib/state/model";
import { ObservableStore } from "@/lib/state/store";
import { aChange, aChat, aMessage, aState, CHAT, created, ME, PEER, texts, timeId } from "@/testing/builders";
import { clientsOf, type Services } from "@/testing/fake-services";
import { Loader } from "./loader";

const cache = { messages: () => Promise.resolve([]) } as unknown as Cache;

function open(
  messaging: NonNullable<Services["messaging"]>,
  state = aState([aMessage(1, { senderId: ME })]),
  users: Services["users"] = {},
) {
  const store = new ObservableStore<State>({ ...state, chatsStatus: "ready" });
  const ingest = new Ingest({ store, me: ME, onIncomplete: () => undefined });
  const loader = new Loader({
    clients: clientsOf({ messaging, users }),
    store,
    ingest,
    cache,
    me: ME,
    signal: new AbortController().signal,
  });
  return { store, ingest, loader };
}

const stored = (tick: number) => ({ messageId: timeId(tick), chatId: CHAT, senderId: PEER, text: `message ${tick}` });
const unavailable = () => new ConnectError("unavailable", Code.Unavailable);

/** A chat of `count` messages, in pages like the server's. */
function chatOf(count: number): NonNullable<Services["messaging"]> {
  const all = Array.from({ length: count }, (_, index) => stored(index + 1));
  return {
    getMessage: ({ messageId }) => ({ message: all.find((message) => message.messageId === messageId) ?? stored(0) }),
    listMessages: ({ startMessageId, direction, pageSize }) => {
      const at = all.findIndex((message) => message.messageId === startMessageId);
      const forward = direction === ListDirection.FORWARD;
      const rest = forward ? all.slice(at + 1) : all.slice(0, at < 0 ? undefined : at);
      const messages = forward ? rest.slice(0, pageSize) : rest.slice(-pageSize);
      return { messages, nextPageToken: messages.length < rest.length ? "more" : "" };
    },
  };
}

describe("a start without a network", () => {
  it("shows the cache, also when storage opens after every request has failed", async () => {
    let openStorage = (): void => undefined;
    const storage = new Promise<void>((resolve) => (openStorage = resolve));
    const afterOpening = (stored: readonly unknown[]) => () => storage.then(() => stored);
    const slow = { chats: afterOpening([aChat()]), users: afterOpening([]), messages: afterOpening([aMessage(1)]) };
    const store = new ObservableStore<State>(initialState({ phase: "signed-in", userId: ME, username: "me" }));
    const ingest = new Ingest({ store, me: ME, onIncomplete: () => undefined });
    const stopped = new AbortController();
    const loader = new Loader({
      clients: clientsOf({}),
      store,
      ingest,
      cache: slow as unknown as Cache,
      me: ME,
      signal: stopped.signal,
    });
    void loader.start();
    loader.messages.watch(CHAT);
    await vi.waitFor(() => expect(store.get().chatsStatus).toBe("failed"));
    await vi.waitFor(() => expect(store.get().messages.get(CHAT)?.status).toBe("failed"));
    openStorage();

    await vi.waitFor(() => expect(texts(store.get())).toEqual(["message 1"]));
    await vi.waitFor(() => expect([...store.get().chats.keys()]).toEqual([CHAT]));
    expect(store.get().chatsStatus).toBe("cached");
    stopped.abort();
  });
});

describe("after a gap", () => {
  afterEach(() => void vi.useRealTimers());

  it("chats are requested until they load, with read marks that no event delivered", async () => {
    vi.useFakeTimers();
    const read = [
      { userId: ME, readMessageId: "" },
      { userId: PEER, readMessageId: timeId(1) },
    ];
    const listChats = vi
      .fn()
      .mockRejectedValueOnce(unavailable())
      .mockRejectedValueOnce(unavailable())
      .mockReturnValue({ chats: [{ chatId: CHAT, members: read }] });
    const { store, loader } = open({ listChats });
    loader.refresh();
    await vi.advanceTimersByTimeAsync(10_000);

    expect(store.get().chats.get(CHAT)?.members[1]?.readMessageId).toBe(timeId(1));
    expect(listChats).toHaveBeenCalledTimes(3);
  });

  it("the shown messages are requested until they load", async () => {
    vi.useFakeTimers();
    const listMessages = vi
      .fn()
      .mockRejectedValueOnce(unavailable())
      .mockReturnValue({ messages: [stored(1), stored(2)] });
    const { store, loader } = open({ listMessages, listChats: () => ({ chats: [] }) });
    loader.messages.watch(CHAT);
    loader.refresh();
    await vi.advanceTimersByTimeAsync(10_000);

    expect(texts(store.get())).toEqual(["message 1", "message 2"]);
  });
});

describe("an older or newer page that fails", () => {
  afterEach(() => void vi.useRealTimers());

  it.each(["Older", "Newer"] as const)("%s: is not requested again at once, but later", async (side) => {
    vi.useFakeTimers();
    const chat = chatOf(200);
    const listMessages = vi.fn(chat.listMessages);
    const { store, loader } = open({ ...chat, listMessages }, aState([aMessage(200)]));
    loader.messages.watch(CHAT);
    await loader.messages.showMessage(CHAT, timeId(100));
    listMessages.mockClear().mockImplementationOnce(() => {
      throw unavailable();
    });
    const load = () => loader.messages[`load${side}`](CHAT);
    await load();
    await load();
    expect(listMessages).toHaveBeenCalledTimes(1);
    expect(store.get().messages.get(CHAT)?.[`loading${side}`]).toBe(true);

    await vi.advanceTimersByTimeAsync(1_000);
    expect(store.get().messages.get(CHAT)?.[`loading${side}`]).toBe(false);
    await load();
    expect(listMessages).toHaveBeenCalledTimes(2);
    expect(texts(store.get())).toHaveLength(101);
  });
});

describe("a jump", () => {
  it("to a message that is not loaded loads the messages around it", async () => {
    const { store, loader } = open(chatOf(200), aState([aMessage(199), aMessage(200)]));
    loader.messages.watch(CHAT);
    await loader.messages.showMessage(CHAT, timeId(100));

    const list = store.get().messages.get(CHAT);
    expect([texts(store.get())[0], texts(store.get()).at(-1)]).toEqual(["message 75", "message 125"]);
    expect([list?.hasOlder, list?.hasNewer]).toEqual([true, true]);
  });

  it("to a loaded message changes nothing", async () => {
    const { store, loader } = open(chatOf(3), aState([aMessage(1), aMessage(2)]));
    const before = store.get();
    await loader.messages.showMessage(CHAT, timeId(2));

    expect(store.get()).toBe(before);
  });

  it("can be followed to the newest message, with live messages at the end", async () => {
    const { store, ingest, loader } = open(chatOf(60), aState([aMessage(60)]));
    loader.messages.watch(CHAT);
    await loader.messages.showMessage(CHAT, timeId(10));
    const loading = loader.messages.loadNewer(CHAT);
    ingest.apply([created(61)]);
    await loading;

    expect(texts(store.get()).slice(-2)).toEqual(["message 60", "message 61"]);
    expect(store.get().messages.get(CHAT)?.hasNewer).toBe(false);
  });

  it.each([200, 60])("can be left for the newest of %i messages, as a new part", async (count) => {
    const { store, loader } = open(chatOf(count), aState([aMessage(count)]));
    await loader.messages.showMessage(CHAT, timeId(20));
    const before = store.get().messages.get(CHAT);
    await loader.messages.showNewest(CHAT);

    const list = store.get().messages.get(CHAT);
    expect(texts(store.get()).at(-1)).toBe(`message ${count}`);
    expect([before?.hasNewer, list?.hasNewer]).toEqual([true, false]);
    expect(list?.part).not.toBe(before?.part);
  });

  it("stays at its part after a gap", async () => {
    const { store, loader } = open({ ...chatOf(200), listChats: () => ({ chats: [] }) }, aState([aMessage(200)]));
    loader.messages.watch(CHAT);
    await loader.messages.showMessage(CHAT, timeId(100));
    loader.messages.refresh();

    await vi.waitFor(() => expect(store.get().messages.get(CHAT)?.part).toBe(2));
    expect(texts(store.get())).toContain("message 100");
  });

  it("is dropped when the chat is closed", async () => {
    const { store, loader } = open(chatOf(200), aState([aMessage(200)]));
    const leave = loader.messages.watch(CHAT);
    await loader.messages.showMessage(CHAT, timeId(100));
    leave();

    expect(store.get().messages.get(CHAT)).toBeUndefined();
  });
});

describe("a profile from the cache", () => {
  const cached = {
    userId: PEER,
    username: "peer",
    bio: "",
    avatarMediaId: null,
    avatarUrl: null,
    deleted: false,
    email: null,
    createdAt: null,
  };

  it("is loaded from the server once, because the account may have been deleted", async () => {
    const batchGetUsers = vi.fn().mockReturnValue({ users: [{ userId: PEER, deleted: true }] });
    const state: State = { ...aState(), users: new Map([[PEER, cached]]) };
    const { store, loader } = open({}, state, { batchGetUsers });
    loader.needUsers([PEER]);
    await vi.waitFor(() => expect(store.get().users.get(PEER)?.deleted).toBe(true));
    loader.needUsers([PEER]);

    expect(batchGetUsers).toHaveBeenCalledTimes(1);
  });
});

describe("a chat with unread messages", () => {
  const unreadAfter = (tick: number, unreadCount: number) => {
    const state = aState([]);
    const chat = aChat({ unreadCount, unreadAfterId: timeId(tick), lastMessage: aMessage(tick + unreadCount) });
    return { ...state, chats: new Map([[CHAT, chat]]), messages: new Map() };
  };

  it.each([
    [300, 100, "message 75", "message 125", true],
    [300, 260, "message 236", "message 300", false],
    [1_200, 200, "message 175", "message 225", true],
  ])("of %i messages opens at message %i", async (count, read, first, last, hasNewer) => {
    const { store, loader } = open(chatOf(count), unreadAfter(read, count - read));
    loader.messages.watch(CHAT);
    await vi.waitFor(() => expect(store.get().messages.get(CHAT)?.status).toBe("ready"));

    expect([texts(store.get())[0], texts(store.get()).at(-1)]).toEqual([first, last]);
    expect(store.get().messages.get(CHAT)?.hasNewer).toBe(hasNewer);
  });

  it("opens where the user joined the group, which is no message", async () => {
    const { store, loader } = open(
      {
        ...chatOf(300),
        getMessage: () => {
          throw new ConnectError("no", Code.NotFound, undefined, [
            { desc: ErrorInfoSchema, value: { reason: "MESSAGE_NOT_FOUND" } },
          ]);
        },
      },
      unreadAfter(100, 200),
    );
    loader.messages.watch(CHAT);
    await vi.waitFor(() => expect(store.get().messages.get(CHAT)?.status).toBe("ready"));

    expect(texts(store.get())).toContain("message 101");
  });

  it("keeps a newer read mark when the server answers with an older one", async () => {
    const messaging = {
      ...chatOf(9),
      getChat: () => ({ chat: { chatId: CHAT, unreadCount: 9, members: [{ userId: ME }, { userId: PEER }] } }),
    };
    const { store, loader, ingest } = open(
      messaging,
      aState([1, 2, 3, 4, 5, 6, 7, 8, 9].map((tick) => aMessage(tick))),
    );
    ingest.apply([aChange({ kind: "read", userId: ME, messageId: timeId(5) })]);
    await loader.loadChat(CHAT);

    expect(
      store
        .get()
        .chats.get(CHAT)
        ?.members.find(({ userId }) => userId === ME)?.readMessageId,
    ).toBe(timeId(5));
  });
});
