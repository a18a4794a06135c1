/** Uploads one file in parts, and resumes where it stopped after a lost network or a reload. */

import { MediaPurpose } from "@/gen/chatly/media/v1/media_service_pb";
import type { Clients } from "@/lib/rpc/clients";
import { chatlyError } from "@/lib/rpc/errors";
import { type ChatId, ChatlyError } from "@/lib/types";

export interface UploadRecord {
  readonly id: string;
  readonly chatId: ChatId;
  readonly blob: Blob;
  readonly fileName: string;
  readonly createdAt: number;
  readonly width: number;
  readonly height: number;
  /** The server's id of the upload; empty before it starts. */
  readonly uploadId: string;
  /** The server's id of the file; empty until the upload is complete. */
  readonly mediaId: string;
}

export interface UploadOptions {
  readonly media: Clients["media"];
  readonly purpose: "message" | "avatar";
  readonly onProgress: (sentBytes: number) => void;
  /** Stores what a later attempt needs to resume. */
  readonly save: (record: UploadRecord) => Promise<void>;
  readonly signal: AbortSignal;
}

const PART_BYTES = 512 * 1024;
const PART_DEADLINE_MS = 60_000;
const PURPOSES = { message: MediaPurpose.MESSAGE, avatar: MediaPurpose.AVATAR };
/** Pauses between attempts while the server is unreachable; after the last one the upload fails. */
const PAUSES_MS = [500, 1_000, 2_000, 4_000, 8_000];

/** Upload what is missing and return the media_id. Reject with the failure; a `retryable` one may be tried again. */
export async function upload(record: UploadRecord, options: UploadOptions): Promise<string> {
  let current = record;
  const save = async (next: UploadRecord) => options.save((current = next));
  for (let attempts = 0; ; attempts++) {
    try {
      return await attempt(current, { ...options, save });
    } catch (failure) {
      options.signal.throwIfAborted();
      const error = chatlyError(failure);
      const isLast = attempts >= PAUSES_MS.length;
      // The server no longer has the upload: start over.
      if (error.reason === "UPLOAD_NOT_FOUND" && !isLast) await save({ ...current, uploadId: "" });
      else if (!error.details.retryable || isLast) throw error;
      if (isOffline()) {
        // Attempts without a network do not count.
        await pause(null, options.signal);
        attempts = -1;
      } else await pause(error.details.retryAfterMs ?? PAUSES_MS[attempts] ?? 0, options.signal);
    }
  }
}

async function attempt(record: UploadRecord, options: UploadOptions): Promise<string> {
  if (record.mediaId !== "") return record.mediaId;
  const [uploadId, offset] = record.uploadId === "" ? await start(record, options) : await resume(record, options);
  await sendParts(record.blob, uploadId, offset, options);
  const { signal } = options;
  const { media } = await options.media.completeUpload({ uploadId }, { signal, timeoutMs: PART_DEADLINE_MS });
  if (!media) throw new ChatlyError("INTERNAL", "the CompleteUpload response contains no file");
  await options.save({ ...record, uploadId, mediaId: media.mediaId });
  return media.mediaId;
}

/** Return the new upload's id and the offset of its first part. */
async function start(record: UploadRecord, { media, purpose, signal, save }: UploadOptions): Promise<[string, number]> {
  const fileName = record.fileName.slice(-255) || "file";
  const file = { fileName, sizeBytes: BigInt(record.blob.size), purpose: PURPOSES[purpose] };
  const { uploadId } = await media.createUpload({ start: file }, { signal });
  await save({ ...record, uploadId });
  return [uploadId, 0];
}

async function resume({ uploadId }: UploadRecord, { media, signal }: UploadOptions): Promise<[string, number]> {
  const { receivedBytes } = await media.getUpload({ uploadId }, { signal });
  return [uploadId, Number(receivedBytes)];
}

async function sendParts(blob: Blob, uploadId: string, from: number, options: UploadOptions): Promise<void> {
  const { media, signal, onProgress } = options;
  let offset = from;
  onProgress(offset);
  while (offset < blob.size) {
    const data = new Uint8Array(await blob.slice(offset, offset + PART_BYTES).arrayBuffer());
    const part = { uploadId, offset: BigInt(offset), data };
    const { receivedBytes } = await media.uploadPart(part, { signal, timeoutMs: PART_DEADLINE_MS });
    offset = Number(receivedBytes);
    onProgress(offset);
  }
}

function isOffline(): boolean {
  return !navigator.onLine;
}

/** Wait until the browser is online again, or for `ms` if that is shorter; `null` sets no limit. */
function pause(ms: number | null, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const ended = new AbortController();
    const end = (then: () => void) => () => {
      ended.abort();
      clearTimeout(timer);
      then();
    };
    const timer = ms === null ? undefined : setTimeout(end(resolve), ms);
    window.addEventListener("online", end(resolve), { signal: ended.signal });
    const cancelled = end(() => reject(new ChatlyError("CANCELED", "the upload was cancelled")));
    signal.addEventListener("abort", cancelled, { signal: ended.signal });
  });
}
