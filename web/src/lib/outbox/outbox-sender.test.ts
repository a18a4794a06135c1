import { describe, expect, it } from "vitest";
import type { Change } from "@/lib/live/changes";
import type { State } from "@/lib/state/model";
import { ObservableStore } from "@/lib/state/store";
import { aMessage, anOutboxItem, aState, CHAT, timeId } from "@/testing/builders";
import { clientsOf, type Services } from "@/testing/fake-services";
import { OutboxSender } from "./outbox-sender";
import type { UploadRecord } from "./upload";

const { signal } = new AbortController();

/** A sender whose files have 100 bytes, with its progress and what it published. */
function open(sendMessage: NonNullable<Services["messaging"]>["sendMessage"]) {
  const store = new ObservableStore<State>(aState());
  const progress: (number | undefined)[] = [];
  store.subscribe(() => progress.push(store.get().progress.get("client-id")));
  const published: Change[] = [];
  const sender = new OutboxSender({
    store,
    messaging: clientsOf({ messaging: sendMessage ? { sendMessage } : {} }).messaging,
    uploadStorage: { get: () => Promise.resolve({ blob: new Blob(["x".repeat(100)]) } as UploadRecord) },
    uploadQueue: {
      finish: (id, onProgress) => {
        onProgress(50);
        return Promise.resolve(`media of ${id}`);
      },
    },
    publish: (change) => published.push(change),
  });
  return { sender, store, progress, published };
}

describe("the outbox sender", () => {
  it("sends a message with its id, its reply and its files in order", async () => {
    const requests: object[] = [];
    const { sender } = open((request) => {
      requests.push(request);
      return { message: { messageId: timeId(1), text: request.text } };
    });
    const item = anOutboxItem({
      clientMessageId: "client-id",
      text: "hello",
      replyToMessageId: timeId(7),
      uploadIds: ["a", "b"],
    });

    expect(await sender.send(item, signal)).toMatchObject({ messageId: timeId(1), text: "hello" });
    expect(requests).toMatchObject([
      {
        chatId: CHAT,
        clientMessageId: "client-id",
        text: "hello",
        replyToMessageId: timeId(7),
        mediaIds: ["media of a", "media of b"],
      },
    ]);
  });

  it("shows its progress as the share of all files", async () => {
    const { sender, progress } = open(() => ({ message: {} }));
    await sender.send(anOutboxItem({ clientMessageId: "client-id", uploadIds: ["a", "b"] }), signal);

    expect(progress).toEqual([0.25, 0.75]);
  });

  it("publishes the stored message as a change, and removes the progress", async () => {
    const { sender, store, published } = open(() => ({ message: {} }));
    const item = anOutboxItem({ clientMessageId: "client-id", uploadIds: ["a"] });
    await sender.send(item, signal);
    const message = aMessage(3);
    sender.publish(item, message);

    expect(store.get().progress.size).toBe(0);
    expect(published).toEqual([
      { kind: "message", eventId: message.messageId, chatId: CHAT, at: message.createdAt, message },
    ]);
  });

  it("fails when the response contains no message", async () => {
    const { sender } = open(() => ({}));

    await expect(sender.send(anOutboxItem(), signal)).rejects.toMatchObject({ reason: "INTERNAL" });
  });
});
