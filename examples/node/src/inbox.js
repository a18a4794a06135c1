// A subscription that resumes from its cursor whenever it is cut, and drops repeats.
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import grpc from "@grpc/grpc-js";
import { connect } from "./client.js";
import { chatly } from "./protos.js";

// As many events as one replay may have: an older one cannot be repeated.
const REMEMBERED = 10_000;
// A slower reader pauses the stream.
const WAITING = 1_000;
const WAIT_MS = 60_000;
// Errors that a retry cannot fix.
const FINAL = [grpc.status.INVALID_ARGUMENT, grpc.status.PERMISSION_DENIED, grpc.status.UNIMPLEMENTED];

/** The events of a user's chats, each stored event once, on their own connection. */
export class Inbox {
  #edge;
  #client;
  #cursor = "";
  #seen = new Set();
  #waiting = new PassThrough({ objectMode: true, highWaterMark: WAITING });
  #reader = this.#waiting[Symbol.asyncIterator]();
  #abort;
  #ended;

  constructor(edge, client) {
    this.#edge = edge;
    this.#client = client;
  }

  /** Subscribes: from now on the first time, from the cursor later. `caught_up` arrives when nothing is missing. */
  connect() {
    this.#abort = new AbortController();
    this.#ended = this.#staySubscribed(this.#abort.signal).catch((error) => {
      if (!this.#abort.signal.aborted) this.#waiting.destroy(error);
    });
  }

  /** Closes the connection. */
  async disconnect() {
    this.#abort?.abort();
    await this.#ended;
  }

  /** Returns the next event. Rejects on a timeout, or with the error that ended the subscription. */
  async next() {
    const timer = new AbortController();
    const late = sleep(WAIT_MS, undefined, { signal: timer.signal }).then(() => {
      throw new Error("no event within the time limit");
    });
    try {
      return (await Promise.race([this.#reader.next(), late])).value;
    } finally {
      timer.abort();
    }
  }

  /** Returns the next events, up to and including the first of this kind, for example "caught_up". */
  async until(kind) {
    const events = [];
    do events.push(await this.next());
    while (events.at(-1).event !== kind);
    return events;
  }

  async #staySubscribed(signal) {
    let delay = 100;
    let refused;
    for (;;) {
      const cursor = this.#cursor;
      let token;
      try {
        if (refused !== undefined) await this.#client.refresh(refused);
        token = this.#client.token;
        await this.#subscribe(signal);
        refused = undefined;
      } catch (error) {
        const unauthenticated = error.code === grpc.status.UNAUTHENTICATED;
        if (FINAL.includes(error.code) || (unauthenticated && token === undefined)) throw error;
        refused = unauthenticated ? token : undefined;
      }
      delay = this.#cursor !== cursor ? 100 : Math.min(delay * 2, 5_000);
      await sleep(delay, undefined, { signal });
    }
  }

  /** Reads one stream to its end, on its own connection. */
  async #subscribe(signal) {
    const service = connect(chatly.messaging.v1.MessagingService, this.#edge);
    const stream = service.Subscribe({ cursor: this.#cursor }, this.#client.metadata());
    const cancel = () => stream.cancel();
    signal.addEventListener("abort", cancel);
    try {
      for await (const { events, cursor } of stream) {
        for (const event of events) await this.#take(event, signal);
        // Store the cursor last: it covers all events before it.
        if (cursor) this.#cursor = cursor;
      }
    } finally {
      signal.removeEventListener("abort", cancel);
      service.close();
    }
  }

  async #take(event, signal) {
    if (event.event === "reconnect") {
      await sleep(event.reconnect.delay_ms, undefined, { signal });
    } else if (!this.#seen.has(event.event_id)) {
      const room = this.#waiting.write(event);
      if (event.event_id) this.#remember(event.event_id);
      if (!room) await once(this.#waiting, "drain", { signal });
    }
  }

  #remember(eventId) {
    this.#seen.add(eventId);
    if (this.#seen.size > REMEMBERED) this.#seen.delete(this.#seen.values().next().value);
  }
}
