/** The outbox as one tab shows it: what is put in appears at once, and is kept in storage for the tab that sends. */

import type { Draft } from "@/lib/actions/types";
import { newId } from "@/lib/ids";
import { messageKey } from "@/lib/rpc/mapping";
import type { State } from "@/lib/state/model";
import type { Store } from "@/lib/state/store";
import type { Attachment, ChatId, Message, Upload, UserId } from "@/lib/types";
import type { OutboxItem, OutboxStorage } from "./outbox";
import type { UploadStorage } from "./storage";
import type { UploadTray } from "./upload-queue";

export interface QueueOptions {
  readonly store: Store<State>;
  readonly storage: OutboxStorage;
  readonly uploads: UploadStorage;
  readonly tray: UploadTray;
  readonly me: UserId;
  /** Storage changed: the tab that sends is to look. */
  readonly onChanged: () => void;
}

export class SendQueue {
  readonly #options: QueueOptions;
  /** Put here but perhaps not in storage yet. */
  readonly #storing = new Set<string>();
  readonly #pictures = new Map<string, string>();
  #lastOrder = 0;
  #turn: Promise<void> = Promise.resolve();

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  add(chatId: ChatId, draft: Draft): string {
    const clientMessageId = newId();
    const taken = this.#options.tray.take(draft.uploadIds ?? [], clientMessageId);
    const item: OutboxItem = {
      clientMessageId,
      chatId,
      text: draft.text,
      replyToMessageId: draft.replyToMessageId ?? null,
      uploadIds: taken.map((upload) => upload.id),
      createdAt: Date.now(),
      order: this.#nextOrder(),
      failure: null,
    };
    for (const { id, previewUrl } of taken) if (previewUrl) this.#pictures.set(id, previewUrl);
    this.#show(this.#messageOf(item, taken.map(attachmentOf)));
    void this.#store(item);
    return clientMessageId;
  }

  async retry(clientMessageId: string): Promise<void> {
    const item = (await this.#options.storage.all()).find((one) => one.clientMessageId === clientMessageId);
    if (!item) return;
    await this.#options.storage.put({ ...item, failure: null, order: this.#nextOrder() });
    await this.#changed();
  }

  async discard(clientMessageId: string): Promise<void> {
    const item = (await this.#options.storage.all()).find((one) => one.clientMessageId === clientMessageId);
    await this.#options.storage.remove(clientMessageId);
    for (const id of item?.uploadIds ?? []) this.#options.tray.cancel(id);
    if (item) this.release(item);
    await this.#changed();
  }

  /** A message that is settled needs its files no more. */
  release({ uploadIds }: OutboxItem): void {
    for (const id of uploadIds) void this.#options.uploads.remove(id);
  }

  /** Shows what is in storage: after a page load, or when it changed. One look at a time, so that the last one counts. */
  reload(): Promise<void> {
    const turn = this.#turn.then(() => this.#look());
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  async #look(): Promise<void> {
    const items = [...(await this.#options.storage.all())].sort((a, b) => a.order - b.order);
    this.#lastOrder = Math.max(this.#lastOrder, items.at(-1)?.order ?? 0);
    const stored = await Promise.all(items.map(async (item) => this.#messageOf(item, await this.#attachments(item))));
    const known = new Set(items.map((item) => item.clientMessageId));
    this.#options.store.update((state) => {
      const storing = state.pending.filter(({ clientMessageId: id }) => this.#storing.has(id) && !known.has(id));
      return { ...state, pending: [...stored, ...storing] };
    });
    this.#dropPictures(new Set(items.flatMap((item) => item.uploadIds)));
  }

  async #store(item: OutboxItem): Promise<void> {
    this.#storing.add(item.clientMessageId);
    try {
      await this.#options.tray.settled(item.uploadIds);
      await this.#options.storage.put(item);
    } catch {
      // A full disk, or a browser that keeps nothing: say so rather than lose it with the page.
      this.#show({ ...this.#messageOf({ ...item, failure: "STORAGE_UNAVAILABLE" }, []) });
      return;
    } finally {
      this.#storing.delete(item.clientMessageId);
    }
    await this.#changed();
  }

  async #changed(): Promise<void> {
    await this.reload();
    this.#options.onChanged();
  }

  async #attachments(item: OutboxItem): Promise<readonly Attachment[]> {
    const records = await Promise.all(item.uploadIds.map((id) => this.#options.uploads.get(id)));
    return records.flatMap((record) => {
      if (!record) return [];
      const { id, blob, fileName, width, height } = record;
      const previewUrl = this.#pictureOf(id, blob);
      return [attachmentOf({ id, fileName, width, height, previewUrl, contentType: blob.type, sizeBytes: blob.size })];
    });
  }

  #pictureOf(id: string, blob: Blob): string | null {
    if (!blob.type.startsWith("image/")) return null;
    const url = this.#pictures.get(id) ?? URL.createObjectURL(blob);
    this.#pictures.set(id, url);
    return url;
  }

  #dropPictures(inUse: ReadonlySet<string>): void {
    if (this.#storing.size > 0) return;
    for (const [id, url] of this.#pictures) {
      if (inUse.has(id)) continue;
      URL.revokeObjectURL(url);
      this.#pictures.delete(id);
    }
  }

  #show(message: Message): void {
    const others = (state: State) => state.pending.filter((other) => other.key !== message.key);
    this.#options.store.update((state) => ({ ...state, pending: [...others(state), message] }));
  }

  #messageOf(item: OutboxItem, attachments: readonly Attachment[]): Message {
    const { clientMessageId, chatId, text, replyToMessageId, createdAt, failure } = item;
    return {
      key: messageKey(this.#options.me, clientMessageId),
      messageId: "",
      senderId: this.#options.me,
      state: failure === null ? "sending" : "failed",
      ...{ clientMessageId, chatId, text, replyToMessageId, createdAt, failure, attachments },
      reactions: [],
      editedAt: null,
      deletedForEveryone: false,
    };
  }

  #nextOrder(): number {
    return (this.#lastOrder = Math.max(this.#lastOrder + 1, Date.now() * 1_000));
  }
}

type Shown = Pick<Upload, "id" | "contentType" | "fileName" | "sizeBytes" | "width" | "height" | "previewUrl">;

function attachmentOf({ id, contentType, fileName, sizeBytes, width, height, previewUrl }: Shown): Attachment {
  return {
    mediaId: id,
    contentType,
    fileName,
    sizeBytes,
    width,
    height,
    url: previewUrl ?? "",
    thumbnailUrl: previewUrl,
  };
}
