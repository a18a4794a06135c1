// A subscription that comes back after every cut, at its cursor, and drops what it has seen before.
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import grpc from "@grpc/grpc-js";
import { connect } from "./client.js";
import { chatly } from "./protos.js";

// As many events as one replay may hold: an older one cannot come again.
const REMEMBERED = 10_000;
// A reader that falls further behind holds the stream back.
const WAITING = 1_000;
const WAIT_MS = 60_000;
// Subscribing again cannot help.
const FINAL = [grpc.status.INVALID_ARGUMENT, grpc.status.PERMISSION_DENIED, grpc.status.UNIMPLEMENTED];

/** What happens in a user's chats, each lasting event once. It has a connection of its own. */
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

  /** Subscribes: the first time from now on, later from the cursor. `caught_up` comes when nothing is missing. */
  connect() {
    this.#abort = new AbortController();
    this.#ended = this.#staySubscribed(this.#abort.signal).catch((error) => {
      if (!this.#abort.signal.aborted) this.#waiting.destroy(error);
    });
  }

  /** Drops the connection. */
  async disconnect() {
    this.#abort?.abort();
    await this.#ended;
  }

  /** The next event; rejects if none comes in time, or there cannot be a subscription. */
  async next() {
    const timer = new AbortController();
    const late = sleep(WAIT_MS, undefined, { signal: timer.signal }).then(() => {
      throw new Error("no event came in time");
    });
    try {
      return (await Promise.race([this.#reader.next(), late])).value;
    } finally {
      timer.abort();
    }
  }

  /** The next events, up to and with the first of this kind, for example "caught_up". */
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

  /** Reads one stream, on a connection of its own, to its end. */
  async #subscribe(signal) {
    const service = connect(chatly.messaging.v1.MessagingService, this.#edge);
    const stream = service.Subscribe({ cursor: this.#cursor }, this.#client.metadata());
    const cancel = () => stream.cancel();
    signal.addEventListener("abort", cancel);
    try {
      for await (const { events, cursor } of stream) {
        for (const event of events) await this.#take(event, signal);
        // Only now: a cursor stands for everything that came before it.
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
