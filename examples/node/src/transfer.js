// Uploads and downloads files as streams, checked by their SHA-256.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { deadline } from "./client.js";

const PIECE_BYTES = 16 * 1024;
const TRANSFER_MS = 60_000;

const sha256 = (content) => createHash("sha256").update(content).digest("hex");

/** Uploads a file for a message. The server removes EXIF data from a picture, so its SHA-256 changes. */
export async function upload(client, path) {
  const content = await readFile(path);
  let stream;
  const uploaded = new Promise((resolve, reject) => {
    stream = client.media.Upload(client.metadata(), { deadline: deadline(TRANSFER_MS) }, (error, response) =>
      error ? reject(error) : resolve(response.media),
    );
  });
  stream.write({
    start: {
      file_name: basename(path),
      size_bytes: content.length,
      purpose: "MEDIA_PURPOSE_MESSAGE",
      sha256: sha256(content),
    },
  });
  for (let at = 0; at < content.length; at += PIECE_BYTES) {
    const ready = stream.write({ data: content.subarray(at, at + PIECE_BYTES) });
    // A rejected upload never drains: its error ends the wait.
    if (!ready) await Promise.race([once(stream, "drain"), uploaded]);
  }
  stream.end();
  return uploaded;
}

/** Returns the bytes of a file. Rejects if their SHA-256 is not the server's. */
export async function download(client, mediaId) {
  const stream = client.media.Download({ media_id: mediaId }, client.metadata(), { deadline: deadline(TRANSFER_MS) });
  const parts = [];
  let described;
  for await (const part of stream) {
    described ??= part.media;
    parts.push(part.data);
  }
  const content = Buffer.concat(parts);
  if (sha256(content) !== described?.sha256) throw new Error(`${described?.file_name}: SHA-256 does not match`);
  return content;
}
