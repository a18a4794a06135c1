/** The outbox as one tab shows it: a message appears at once, and is stored for the leading tab to send. */

import type { Draft } from "@/lib/actions/types";
import { inBackground } from "@/lib/background";
import { newId } from "@/lib/ids";
import { messageKey } from "@/lib/rpc/mapping";
import type { State } from "@/lib/state/model";
import type { Store } from "@/lib/state/store";
import type { Attachment, ChatId, Message, Upload, UserId } from "@/lib/types";
import type { OutboxItem, OutboxStorage } from "./outbox";
import type { UploadStorage } from "./storage";
import type { UploadQueue } from "./upload-queue";

export interface SendQueueOptions {
  readonly store: Store<State>;
  readonly storage: OutboxStorage;
  readonly uploadStorage: UploadStorage;
  readonly uploadQueue: UploadQueue;
  readonly me: UserId;
  /** This tab changed the stored items. */
  readonly onChanged: () => void;
  /** Ends the login, and closes the storage. */
  readonly signal: AbortSignal;
}

export class SendQueue {
  readonly #options: SendQueueOptions;
  /** Added here, but perhaps not stored yet. */
  readonly #storing = new Set<string>();
  /** `blob:` URLs of pictures, by upload id. */
  readonly #previews = new Map<string, string>();
  #lastOrder = 0;
  #lastReload: Promise<void> = Promise.resolve();

  constructor(options: SendQueueOptions) {
    this.#options = options;
  }

  /** Show and store a message; return its client_message_id. */
  add(chatId: ChatId, draft: Draft): string {
    const clientMessageId = newId();
    const uploads = this.#options.uploadQueue.handOver(draft.uploadIds ?? [], clientMessageId);
    const item: OutboxItem = {
      clientMessageId,
      chatId,
      text: draft.text,
      replyToMessageId: draft.replyToMessageId ?? null,
      uploadIds: uploads.map((upload) => upload.id),
      createdAt: Date.now(),
      order: this.#nextOrder(),
      failure: null,
    };
    for (const { id, previewUrl } of uploads) if (previewUrl) this.#previews.set(id, previewUrl);
    this.#show(this.#messageOf(item, uploads.map(attachmentOf)));
    inBackground(this.#options.signal, this.#store(item));
    return clientMessageId;
  }

  async retry(clientMessageId: string): Promise<void> {
    const item = await this.#find(clientMessageId);
    if (!item) return;
    await this.#options.storage.put({ ...item, failure: null, order: this.#nextOrder() });
    await this.#changed();
  }

  async discard(clientMessageId: string): Promise<void> {
    const item = await this.#find(clientMessageId);
    await this.#options.storage.remove(clientMessageId);
    for (const id of item?.uploadIds ?? []) this.#options.uploadQueue.cancel(id);
    if (item) this.removeFiles(item);
    await this.#changed();
  }

  /** Delete the stored files of a message that was sent or discarded. */
  removeFiles({ uploadIds }: OutboxItem): void {
    for (const id of uploadIds) void this.#options.uploadStorage.remove(id);
  }

  /** Show what is stored. Reloads run one after the other, so that the newest one decides. */
  reload(): Promise<void> {
    const reload = this.#lastReload.then(() => this.#showStored());
    this.#lastReload = reload.catch(() => undefined);
    return reload;
  }

  async #find(clientMessageId: string): Promise<OutboxItem | undefined> {
    const items = await this.#options.storage.all();
    return items.find((item) => item.clientMessageId === clientMessageId);
  }

  async #showStored(): Promise<void> {
    const items = [...(await this.#options.storage.all())].sort((a, b) => a.order - b.order);
    this.#lastOrder = Math.max(this.#lastOrder, items.at(-1)?.order ?? 0);
    const stored = await Promise.all(items.map(async (item) => this.#messageOf(item, await this.#attachments(item))));
    const storedIds = new Set(items.map((item) => item.clientMessageId));
    this.#options.store.update((state) => {
      const storing = state.pending.filter(({ clientMessageId: id }) => this.#storing.has(id) && !storedIds.has(id));
      return { ...state, pending: [...stored, ...storing] };
    });
    this.#revokePreviews(new Set(items.flatMap((item) => item.uploadIds)));
  }

  async #store(item: OutboxItem): Promise<void> {
    this.#storing.add(item.clientMessageId);
    try {
      await this.#options.uploadQueue.stored(item.uploadIds);
      await this.#options.storage.put(item);
    } catch {
      // The disk is full, or the browser stores nothing: show the failure, or a reload would lose the message silently.
      this.#show(this.#messageOf({ ...item, failure: "STORAGE_UNAVAILABLE" }, []));
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
    const records = await Promise.all(item.uploadIds.map((id) => this.#options.uploadStorage.get(id)));
    return records.flatMap((record) => {
      if (!record) return [];
      const { id, blob, fileName, width, height } = record;
      const previewUrl = this.#previewOf(id, blob);
      return [attachmentOf({ id, fileName, width, height, previewUrl, contentType: blob.type, sizeBytes: blob.size })];
    });
  }

  #previewOf(id: string, blob: Blob): string | null {
    if (!blob.type.startsWith("image/")) return null;
    const url = this.#previews.get(id) ?? URL.createObjectURL(blob);
    this.#previews.set(id, url);
    return url;
  }

  #revokePreviews(inUse: ReadonlySet<string>): void {
    if (this.#storing.size > 0) return;
    for (const [id, url] of this.#previews) {
      if (inUse.has(id)) continue;
      URL.revokeObjectURL(url);
      this.#previews.delete(id);
    }
  }

  #show(message: Message): void {
    const others = (state: State) => state.pending.filter((other) => other.key !== message.key);
    this.#options.store.update((state) => ({ ...state, pending: [...others(state), message] }));
  }

  #messageOf(item: OutboxItem, attachments: readonly Attachment[]): Message {
    return {
      key: messageKey(this.#options.me, item.clientMessageId),
      messageId: "",
      clientMessageId: item.clientMessageId,
      chatId: item.chatId,
      senderId: this.#options.me,
      text: item.text,
      replyToMessageId: item.replyToMessageId,
      attachments,
      reactions: [],
      createdAt: item.createdAt,
      editedAt: null,
      editId: null,
      deletedForEveryone: false,
      state: item.failure === null ? "sending" : "failed",
      failure: item.failure,
    };
  }

  #nextOrder(): number {
    return (this.#lastOrder = Math.max(this.#lastOrder + 1, Date.now() * 1_000));
  }
}

type PreviewedFile = Pick<Upload, "id" | "contentType" | "fileName" | "sizeBytes" | "width" | "height" | "previewUrl">;

function attachmentOf({ id, contentType, fileName, sizeBytes, width, height, previewUrl }: PreviewedFile): Attachment {
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
