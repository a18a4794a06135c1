/** The files attached in this tab: they upload at once, while their message is still being written. */

import type { Locks } from "@/lib/browser/locks";
import { newId } from "@/lib/ids";
import type { Clients } from "@/lib/rpc/clients";
import { chatlyError } from "@/lib/rpc/errors";
import { type State, withEntry, withoutEntry } from "@/lib/state/model";
import type { Store } from "@/lib/state/store";
import { type ChatId, ChatlyError, type Upload } from "@/lib/types";
import type { UploadStorage } from "./storage";
import { upload, type UploadRecord } from "./upload";

export interface TrayOptions {
  readonly store: Store<State>;
  readonly storage: UploadStorage;
  readonly media: Clients["media"];
  readonly locks: Locks;
}

/** Records that no message took are dropped after so long. */
const ABANDONED_MS = 24 * 3_600_000;

export class UploadTray {
  readonly #options: TrayOptions;
  readonly #running = new Map<string, AbortController>();
  readonly #kept = new Map<string, Promise<void>>();
  /** Files that went over to a message while they were uploading here. */
  readonly #taken = new Map<
    string,
    { readonly clientMessageId: string; readonly place: number; readonly of: number; readonly sizeBytes: number }
  >();

  constructor(options: TrayOptions) {
    this.#options = options;
  }

  attach(chatId: ChatId, files: readonly File[]): void {
    for (const file of files) {
      const id = newId();
      const entry: Upload = { ...shown(id, chatId, file), state: "waiting", sentBytes: 0, failure: null };
      this.#options.store.update((state) => ({ ...state, uploads: withEntry(state.uploads, id, entry) }));
      const kept = this.#keep(entry, file);
      this.#kept.set(id, kept);
      kept.then(
        () => this.#begin(id),
        () =>
          this.#change(id, { state: "failed", failure: new ChatlyError("STORAGE_UNAVAILABLE", "nothing can be kept") }),
      );
    }
  }

  retry(id: string): void {
    void this.#begin(id);
  }

  /** Takes a file away, wherever it has come to. */
  cancel(id: string): void {
    this.#running.get(id)?.abort();
    this.#forget(id);
    void this.#kept.get(id)?.then(() => this.#options.storage.remove(id));
    this.#kept.delete(id);
  }

  /** Hands files over to a message: they leave the tray and go on uploading. Returns them as last shown. */
  take(ids: readonly string[], clientMessageId: string): readonly Upload[] {
    const { uploads } = this.#options.store.get();
    const taken = ids.flatMap((id) => uploads.get(id) ?? []);
    for (const [place, { id, state, sizeBytes }] of taken.entries()) {
      if (state !== "done") this.#taken.set(id, { clientMessageId, place, of: taken.length, sizeBytes });
    }
    this.#options.store.update((state) => ({
      ...state,
      uploads: new Map([...uploads].filter(([id]) => !ids.includes(id))),
    }));
    return taken;
  }

  /** Resolves when the files are in storage, so that a message may rely on them. */
  async settled(ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map((id) => this.#kept.get(id) ?? Promise.resolve()));
  }

  /** The file's media_id, uploading what is missing. Waits for a tab that is at it already. */
  async finish(id: string, onProgress: (sentBytes: number) => void, signal: AbortSignal): Promise<string> {
    const { storage, media, locks } = this.#options;
    return locks.exclusive(
      `chatly-upload-${id}`,
      async () => {
        const record = await storage.get(id);
        if (!record) throw new ChatlyError("UPLOAD_NOT_FOUND", "the file is not in this browser any more");
        const save = (next: UploadRecord) => storage.put(next);
        return upload(record, { media, purpose: "message", onProgress, save, signal });
      },
      signal,
    );
  }

  /** Drops what no message took long ago. */
  async sweep(inUse: ReadonlySet<string>): Promise<void> {
    const old = Date.now() - ABANDONED_MS;
    for (const { id, createdAt } of await this.#options.storage.all()) {
      if (createdAt < old && !inUse.has(id)) await this.#options.storage.remove(id);
    }
  }

  stop(): void {
    for (const running of this.#running.values()) running.abort();
  }

  async #keep(entry: Upload, file: File): Promise<void> {
    const { width, height } = await dimensions(file);
    this.#change(entry.id, { width, height });
    const { id, chatId, fileName } = entry;
    const fresh = { uploadId: "", mediaId: "", createdAt: Date.now() };
    await this.#options.storage.put({ id, chatId, fileName, blob: file, width, height, ...fresh });
  }

  async #begin(id: string): Promise<void> {
    const control = new AbortController();
    this.#running.set(id, control);
    this.#change(id, { state: "uploading", failure: null });
    try {
      await this.finish(id, (sentBytes) => this.#progress(id, sentBytes), control.signal);
      this.#change(id, { state: "done" });
    } catch (failure) {
      if (!control.signal.aborted) this.#change(id, { state: "failed", failure: chatlyError(failure) });
    } finally {
      this.#running.delete(id);
      this.#taken.delete(id);
    }
  }

  #progress(id: string, sentBytes: number): void {
    const taken = this.#taken.get(id);
    if (taken === undefined) return this.#change(id, { sentBytes });
    const share = (taken.place + sentBytes / Math.max(1, taken.sizeBytes)) / taken.of;
    this.#options.store.update((s) => ({ ...s, progress: withEntry(s.progress, taken.clientMessageId, share) }));
  }

  #change(id: string, change: Partial<Upload>): void {
    this.#options.store.update((state) => {
      const entry = state.uploads.get(id);
      return entry ? { ...state, uploads: withEntry(state.uploads, id, { ...entry, ...change }) } : state;
    });
  }

  #forget(id: string): void {
    const previewUrl = this.#options.store.get().uploads.get(id)?.previewUrl;
    if (previewUrl) URL.revokeObjectURL(previewUrl);
    this.#options.store.update((state) => ({ ...state, uploads: withoutEntry(state.uploads, id) }));
  }
}

function shown(id: string, chatId: ChatId, file: File) {
  const image = file.type.startsWith("image/");
  return {
    id,
    chatId,
    fileName: file.name,
    contentType: file.type,
    sizeBytes: file.size,
    previewUrl: image ? URL.createObjectURL(file) : null,
    width: 0,
    height: 0,
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
    // Not an image that this browser reads: the server judges.
    return { width: 0, height: 0 };
  }
}
