/** The files attached in this tab. They upload at once, while the user still writes the message. */

import type { Locks } from "@/lib/browser/locks";
import { newId } from "@/lib/ids";
import type { Clients } from "@/lib/rpc/clients";
import { chatlyError } from "@/lib/rpc/errors";
import { type State, withEntry, withoutEntry } from "@/lib/state/model";
import type { Store } from "@/lib/state/store";
import { type ChatId, ChatlyError, type Upload } from "@/lib/types";
import type { UploadStorage } from "./storage";
import { upload, type UploadRecord } from "./upload";

export interface UploadQueueOptions {
  readonly store: Store<State>;
  readonly storage: UploadStorage;
  readonly media: Clients["media"];
  readonly locks: Locks;
}

/** Stored files that no message uses are deleted at this age. */
const ABANDONED_MS = 24 * 3_600_000;

/** The position of a file in the message that it was handed over to. */
interface HandedOver {
  readonly clientMessageId: string;
  readonly index: number;
  readonly count: number;
  readonly sizeBytes: number;
}

export class UploadQueue {
  readonly #options: UploadQueueOptions;
  readonly #running = new Map<string, AbortController>();
  /** By upload id: resolves when the file is in storage. */
  readonly #storing = new Map<string, Promise<void>>();
  /** Files that still upload here after their message was sent. */
  readonly #handedOver = new Map<string, HandedOver>();

  constructor(options: UploadQueueOptions) {
    this.#options = options;
  }

  attach(chatId: ChatId, files: readonly File[]): void {
    for (const file of files) {
      const entry = uploadOf(newId(), chatId, file);
      this.#options.store.update((state) => ({ ...state, uploads: withEntry(state.uploads, entry.id, entry) }));
      const storing = this.#store(entry, file);
      this.#storing.set(entry.id, storing);
      storing.then(
        () => this.#start(entry.id),
        () =>
          this.#change(entry.id, {
            state: "failed",
            failure: new ChatlyError("STORAGE_UNAVAILABLE", "the browser cannot store the file"),
          }),
      );
    }
  }

  retry(id: string): void {
    void this.#start(id);
  }

  /** Remove a file, whether it is stored, uploading or uploaded. */
  cancel(id: string): void {
    this.#running.get(id)?.abort();
    this.#removeEntry(id);
    void this.#storing.get(id)?.then(() => this.#options.storage.remove(id));
    this.#storing.delete(id);
  }

  /** Move files to a message: the composer shows them no longer, and they go on uploading. Return them as last shown. */
  handOver(ids: readonly string[], clientMessageId: string): readonly Upload[] {
    const { uploads } = this.#options.store.get();
    const moved = ids.flatMap((id) => uploads.get(id) ?? []);
    for (const [index, { id, state, sizeBytes }] of moved.entries()) {
      if (state !== "done") this.#handedOver.set(id, { clientMessageId, index, count: moved.length, sizeBytes });
    }
    this.#options.store.update((state) => ({
      ...state,
      uploads: new Map([...uploads].filter(([id]) => !ids.includes(id))),
    }));
    return moved;
  }

  /** Resolve when the files are in storage, so that a message may refer to them. */
  async stored(ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map((id) => this.#storing.get(id) ?? Promise.resolve()));
  }

  /** Upload what is missing of a file and return its media_id. Waits for another tab that uploads it. */
  async finish(id: string, onProgress: (sentBytes: number) => void, signal: AbortSignal): Promise<string> {
    const { storage, media, locks } = this.#options;
    return locks.exclusive(
      `chatly-upload-${id}`,
      async () => {
        const record = await storage.get(id);
        if (!record) throw new ChatlyError("UPLOAD_NOT_FOUND", "this browser no longer stores the file");
        const save = (next: UploadRecord) => storage.put(next);
        return upload(record, { media, purpose: "message", onProgress, save, signal });
      },
      signal,
    );
  }

  /** Delete old files that no message uses. */
  async removeAbandoned(inUse: ReadonlySet<string>): Promise<void> {
    const newestAbandoned = Date.now() - ABANDONED_MS;
    for (const { id, createdAt } of await this.#options.storage.all()) {
      if (createdAt < newestAbandoned && !inUse.has(id)) await this.#options.storage.remove(id);
    }
  }

  stop(): void {
    for (const running of this.#running.values()) running.abort();
  }

  async #store({ id, chatId, fileName }: Upload, file: File): Promise<void> {
    const { width, height } = await dimensions(file);
    this.#change(id, { width, height });
    await this.#options.storage.put({
      id,
      chatId,
      fileName,
      blob: file,
      width,
      height,
      uploadId: "",
      mediaId: "",
      createdAt: Date.now(),
    });
  }

  async #start(id: string): Promise<void> {
    const control = new AbortController();
    this.#running.set(id, control);
    this.#change(id, { state: "uploading", failure: null });
    try {
      await this.finish(id, (sentBytes) => this.#showProgress(id, sentBytes), control.signal);
      this.#change(id, { state: "done" });
    } catch (failure) {
      if (!control.signal.aborted) this.#change(id, { state: "failed", failure: chatlyError(failure) });
    } finally {
      this.#running.delete(id);
      this.#handedOver.delete(id);
    }
  }

  #showProgress(id: string, sentBytes: number): void {
    const message = this.#handedOver.get(id);
    if (message === undefined) return this.#change(id, { sentBytes });
    const share = (message.index + sentBytes / Math.max(1, message.sizeBytes)) / message.count;
    this.#options.store.update((state) => ({
      ...state,
      progress: withEntry(state.progress, message.clientMessageId, share),
    }));
  }

  #change(id: string, change: Partial<Upload>): void {
    this.#options.store.update((state) => {
      const entry = state.uploads.get(id);
      return entry ? { ...state, uploads: withEntry(state.uploads, id, { ...entry, ...change }) } : state;
    });
  }

  #removeEntry(id: string): void {
    const previewUrl = this.#options.store.get().uploads.get(id)?.previewUrl;
    if (previewUrl) URL.revokeObjectURL(previewUrl);
    this.#options.store.update((state) => ({ ...state, uploads: withoutEntry(state.uploads, id) }));
  }
}

function uploadOf(id: string, chatId: ChatId, file: File): Upload {
  const isImage = file.type.startsWith("image/");
  return {
    id,
    chatId,
    fileName: file.name,
    contentType: file.type,
    sizeBytes: file.size,
    sentBytes: 0,
    state: "waiting",
    previewUrl: isImage ? URL.createObjectURL(file) : null,
    width: 0,
    height: 0,
    failure: null,
  };
}

async function dimensions(file: Blob): Promise<{ width: number; height: number }> {
  if (!file.type.startsWith("image/")) return { width: 0, height: 0 };
  try {
    const picture = await createImageBitmap(file);
    const { width, height } = picture;
    picture.close();
    return { width, height };
  } catch {
    // This browser cannot read the image; the server decides whether to accept it.
    return { width: 0, height: 0 };
  }
}
