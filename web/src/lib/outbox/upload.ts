/** One file on its way to the server, in parts: goes on where it stopped, after a lost network or a reload. */

import type { Clients } from "@/lib/rpc/clients";
import { chatlyError } from "@/lib/rpc/errors";
import { type ChatId, ChatlyError } from "@/lib/types";
import { MediaPurpose } from "@/gen/chatly/media/v1/media_service_pb";

export interface UploadRecord {
  readonly id: string;
  readonly chatId: ChatId;
  readonly blob: Blob;
  readonly fileName: string;
  readonly createdAt: number;
  readonly width: number;
  readonly height: number;
  /** The server's name for it, once it has begun. */
  readonly uploadId: string;
  /** The file, once it is complete. */
  readonly mediaId: string;
}

export interface Uploading {
  readonly media: Clients["media"];
  readonly purpose: "message" | "avatar";
  readonly onProgress: (sentBytes: number) => void;
  /** Keeps what is needed to go on later. */
  readonly save: (record: UploadRecord) => Promise<void>;
  readonly signal: AbortSignal;
}

const PART_BYTES = 512 * 1024;
const PART_DEADLINE_MS = 60_000;
const PURPOSES = { message: MediaPurpose.MESSAGE, avatar: MediaPurpose.AVATAR };
/** Pauses between tries of a file whose server is away; after the last the failure stands. */
const PAUSES_MS = [500, 1_000, 2_000, 4_000, 8_000];

/** Sends what is missing; returns the media_id. Rejects with why it failed; `retryable` ones may be called again. */
export async function upload(record: UploadRecord, how: Uploading): Promise<string> {
  let current = record;
  const keep = async (next: UploadRecord) => how.save((current = next));
  for (let tries = 0; ; tries++) {
    try {
      return await attempt(current, how, keep);
    } catch (failure) {
      how.signal.throwIfAborted();
      const error = chatlyError(failure);
      // The server gave it up: begin anew, once more than there are pauses for nothing.
      if (error.reason === "UPLOAD_NOT_FOUND" && tries < PAUSES_MS.length) await keep({ ...current, uploadId: "" });
      else if (!error.details.retryable || tries >= PAUSES_MS.length) throw error;
      if (isOffline()) {
        // Without a network no try counts: it goes on when there is one.
        await pause(null, how.signal);
        tries = -1;
      } else await pause(error.details.retryAfterMs ?? PAUSES_MS[tries] ?? 0, how.signal);
    }
  }
}

async function attempt(
  record: UploadRecord,
  how: Uploading,
  keep: (record: UploadRecord) => Promise<void>,
): Promise<string> {
  if (record.mediaId !== "") return record.mediaId;
  const [uploadId, offset] = record.uploadId === "" ? await begin(record, how, keep) : await resume(record, how);
  await sendParts(record.blob, uploadId, offset, how);
  const { media } = await how.media.completeUpload({ uploadId }, { signal: how.signal, timeoutMs: PART_DEADLINE_MS });
  if (!media) throw new ChatlyError("INTERNAL", "the answer has no file");
  await keep({ ...record, uploadId, mediaId: media.mediaId });
  return media.mediaId;
}

async function begin(
  record: UploadRecord,
  { media, purpose, signal }: Uploading,
  keep: (record: UploadRecord) => Promise<void>,
): Promise<[string, number]> {
  const fileName = record.fileName.slice(-255) || "file";
  const start = { fileName, sizeBytes: BigInt(record.blob.size), purpose: PURPOSES[purpose] };
  const { uploadId } = await media.createUpload({ start }, { signal });
  await keep({ ...record, uploadId });
  return [uploadId, 0];
}

async function resume({ uploadId }: UploadRecord, { media, signal }: Uploading): Promise<[string, number]> {
  const { receivedBytes } = await media.getUpload({ uploadId }, { signal });
  return [uploadId, Number(receivedBytes)];
}

async function sendParts(blob: Blob, uploadId: string, from: number, how: Uploading): Promise<void> {
  let offset = from;
  how.onProgress(offset);
  while (offset < blob.size) {
    const data = new Uint8Array(await blob.slice(offset, offset + PART_BYTES).arrayBuffer());
    const part = { uploadId, offset: BigInt(offset), data };
    const { receivedBytes } = await how.media.uploadPart(part, { signal: how.signal, timeoutMs: PART_DEADLINE_MS });
    offset = Number(receivedBytes);
    how.onProgress(offset);
  }
}

function isOffline(): boolean {
  return !navigator.onLine;
}

/** Until so much time has passed, or the browser is online again; `null`: only the latter. */
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
    const canceled = end(() => reject(new ChatlyError("CANCELED", "canceled")));
    signal.addEventListener("abort", canceled, { signal: ended.signal });
  });
}
