// @vitest-environment jsdom

import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ErrorInfoSchema } from "@/gen/google/rpc/error_details_pb";
import { CHAT } from "@/testing/builders";
import { clientsOf } from "@/testing/fake-services";
import { upload, type UploadRecord } from "./upload";

const SIZE = 1_300_000;

function rejection(code: Code, reason: string): ConnectError {
  return new ConnectError("no", code, undefined, [{ desc: ErrorInfoSchema, value: { reason } }]);
}

function aRecord(record: Partial<UploadRecord> = {}): UploadRecord {
  return {
    id: "u",
    chatId: CHAT,
    blob: new Blob([new Uint8Array(SIZE)]),
    fileName: "notes.txt",
    createdAt: 0,
    width: 0,
    height: 0,
    uploadId: "",
    mediaId: "",
    ...record,
  };
}

/** A media service that counts bytes. `failPart` and `complete` decide what fails. */
class FakeMedia {
  readonly uploads = new Map<string, number>();
  readonly offsets: number[] = [];
  failPart: () => Error | null = () => null;
  complete: () => Error | null = () => null;

  readonly clients = clientsOf({
    media: {
      createUpload: () => {
        const uploadId = `upload-${this.uploads.size}`;
        this.uploads.set(uploadId, 0);
        return { uploadId };
      },
      getUpload: ({ uploadId }) => ({ receivedBytes: BigInt(this.#received(uploadId)) }),
      uploadPart: ({ uploadId, offset, data }) => {
        const failure = this.failPart();
        if (failure) throw failure;
        this.offsets.push(Number(offset));
        this.uploads.set(uploadId, Number(offset) + data.length);
        return { receivedBytes: offset + BigInt(data.length) };
      },
      completeUpload: ({ uploadId }) => {
        const failure = this.complete();
        if (failure) throw failure;
        return { media: { mediaId: `media of ${uploadId} with ${this.#received(uploadId)} bytes` } };
      },
    },
  });

  #received(uploadId: string): number {
    const received = this.uploads.get(uploadId);
    if (received === undefined) throw rejection(Code.NotFound, "UPLOAD_NOT_FOUND");
    return received;
  }
}

function begin(media: FakeMedia, record = aRecord(), signal = new AbortController().signal) {
  const saved: UploadRecord[] = [];
  const progress: number[] = [];
  const result = upload(record, {
    media: media.clients.media,
    purpose: "message",
    signal,
    onProgress: (sent) => progress.push(sent),
    save: (next) => Promise.resolve(void saved.push(next)),
  });
  result.catch(() => undefined);
  return { result, saved, progress };
}

describe("an upload", () => {
  beforeEach(() => vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => vi.useRealTimers());

  /** Advance the clock until the promise settles. */
  async function finished<T>(result: Promise<T>): Promise<T> {
    const state = { finished: false };
    const finish = () => (state.finished = true);
    result.then(finish, finish);
    while (!state.finished) {
      await new Promise((resolve) => setImmediate(resolve));
      await vi.advanceTimersByTimeAsync(500);
    }
    return result;
  }

  it("sends all bytes in parts and reports its progress", async () => {
    const media = new FakeMedia();
    const { result, progress, saved } = begin(media);

    expect(await finished(result)).toBe(`media of upload-0 with ${SIZE} bytes`);
    expect(media.offsets).toEqual([0, 524_288, 1_048_576]);
    expect(progress).toEqual([0, 524_288, 1_048_576, SIZE]);
    expect(saved.at(-1)).toMatchObject({ uploadId: "upload-0", mediaId: `media of upload-0 with ${SIZE} bytes` });
  });

  it("resumes where it stopped when the network failed", async () => {
    const media = new FakeMedia();
    let parts = 0;
    media.failPart = () => (++parts === 2 ? new ConnectError("unavailable", Code.Unavailable) : null);

    await finished(begin(media).result);

    expect(media.offsets).toEqual([0, 524_288, 1_048_576]);
    expect(media.uploads.size).toBe(1);
  });

  it("waits while the browser is offline", async () => {
    const media = new FakeMedia();
    const network = vi.spyOn(navigator, "onLine", "get").mockReturnValue(false);
    media.failPart = () => (navigator.onLine ? null : new ConnectError("unavailable", Code.Unavailable));

    const { result, saved } = begin(media);
    await vi.waitUntil(() => saved.length > 0);
    await vi.advanceTimersByTimeAsync(3_600_000);
    expect(media.offsets).toEqual([]);
    network.mockReturnValue(true);
    window.dispatchEvent(new Event("online"));

    await finished(result);
    expect(media.offsets).toEqual([0, 524_288, 1_048_576]);
  });

  it("resumes after a reload", async () => {
    const media = new FakeMedia();
    media.uploads.set("earlier", 1_048_576);

    await finished(begin(media, aRecord({ uploadId: "earlier" })).result);

    expect(media.offsets).toEqual([1_048_576]);
  });

  it("sends nothing when the server has the file already", async () => {
    const media = new FakeMedia();

    expect(await finished(begin(media, aRecord({ mediaId: "complete" })).result)).toBe("complete");
    expect(media.offsets).toEqual([]);
  });

  it("starts over when the server no longer has the upload", async () => {
    const media = new FakeMedia();

    await finished(begin(media, aRecord({ uploadId: "expired" })).result);

    expect(media.offsets[0]).toBe(0);
  });

  it("is not retried when the file is rejected", async () => {
    const media = new FakeMedia();
    media.complete = () => rejection(Code.InvalidArgument, "FILE_TYPE_NOT_ALLOWED");

    await expect(finished(begin(media).result)).rejects.toMatchObject({ reason: "FILE_TYPE_NOT_ALLOWED" });
    expect(media.offsets).toHaveLength(3);
  });

  it("fails after some attempts, with a retryable error", async () => {
    const media = new FakeMedia();
    media.failPart = () => new ConnectError("unavailable", Code.Unavailable);

    await expect(finished(begin(media).result)).rejects.toMatchObject({ details: { retryable: true } });
  });

  it("ends when it is cancelled, also in a pause", async () => {
    const media = new FakeMedia();
    const control = new AbortController();
    media.failPart = () => {
      control.abort();
      return new ConnectError("unavailable", Code.Unavailable);
    };

    await expect(finished(begin(media, aRecord(), control.signal).result)).rejects.toThrow();
    expect(media.offsets).toEqual([]);
  });
});
