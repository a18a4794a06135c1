/** Runs the work of the leading tab: the streams of the browser, the outbox, and the removal of abandoned uploads. */

import { inBackground } from "@/lib/background";
import type { TabChannel } from "@/lib/browser/tab-channel";
import type { Outbox, OutboxStorage } from "@/lib/outbox/outbox";
import type { UploadQueue } from "@/lib/outbox/upload-queue";
import { type Clients, NO_DEADLINE } from "@/lib/rpc/clients";
import { chatlyError, endsSession, needsNewToken } from "@/lib/rpc/errors";
import { liveItemOf } from "@/lib/rpc/live-mapping";
import { presenceOf } from "@/lib/rpc/mapping";
import type { LiveItem } from "./changes";
import { type PresenceItem, presenceStream } from "./presence";
import { LiveSubscription } from "./subscription";

export interface LeaderOptions {
  readonly clients: Clients;
  /** Gets what the streams deliver, and knows the cursor of an earlier leader. */
  readonly channel: TabChannel;
  /** Returns a new outbox for each lead, because an outbox that was stopped does not start again. */
  readonly openOutbox: () => Outbox;
  readonly outboxStorage: OutboxStorage;
  readonly uploadQueue: UploadQueue;
  readonly deviceId: string;
  readonly renew: () => Promise<void>;
  readonly onSessionEnded: () => void;
}

export class Leader {
  readonly #options: LeaderOptions;
  /** Null unless this tab leads. */
  #outbox: Outbox | null = null;

  constructor(options: LeaderOptions) {
    this.#options = options;
  }

  get isLeading(): boolean {
    return this.#outbox !== null;
  }

  /** Lead until `signal`. */
  start(signal: AbortSignal): void {
    const outbox = this.#options.openOutbox();
    this.#outbox = outbox;
    const streams = [this.#subscription(outbox), this.#presence()];
    for (const stream of streams) stream.start();
    outbox.wake();
    inBackground(signal, this.#removeAbandonedUploads());
    onNetworkChange(signal, {
      onOnline: () => {
        for (const stream of streams) stream.wake();
        outbox.wake();
      },
      onOffline: () => {
        for (const stream of streams) stream.interrupt();
      },
    });
    signal.addEventListener("abort", () => {
      for (const stream of streams) stream.stop();
      outbox.stop();
      this.#outbox = null;
    });
  }

  /** Send what the outbox holds, if this tab leads. */
  wakeOutbox(): void {
    this.#outbox?.wake();
  }

  #subscription(outbox: Outbox): LiveSubscription {
    const { clients, channel, renew, onSessionEnded } = this.#options;
    return new LiveSubscription({
      cursor: channel.cursor,
      subscribe: (cursor, signal) => subscribe(clients, cursor, signal),
      onItem: ({ changes, cursor }) => channel.publishChanges(changes, cursor),
      onGap: () => channel.publishGap(),
      onConnection: (connection) => {
        channel.publishConnection(navigator.onLine ? connection : { ...connection, phase: "offline" });
        if (connection.phase === "live") outbox.wake();
      },
      onEnd: onSessionEnded,
      classify: classifyLive,
      renew,
    });
  }

  #presence(): ReturnType<typeof presenceStream> {
    const { clients, channel, deviceId, renew } = this.#options;
    return presenceStream({
      connect: (signal) => connect(clients, deviceId, signal),
      onItem: (item) => channel.publishPresences(item),
      classify,
      renew,
    });
  }

  async #removeAbandonedUploads(): Promise<void> {
    const items = await this.#options.outboxStorage.all();
    await this.#options.uploadQueue.removeAbandoned(new Set(items.flatMap((item) => item.uploadIds)));
  }
}

async function* subscribe(clients: Clients, cursor: string, signal: AbortSignal): AsyncIterable<LiveItem> {
  for await (const response of clients.messaging.subscribe({ cursor }, { signal, ...NO_DEADLINE })) {
    yield liveItemOf(response);
  }
}

async function* connect(clients: Clients, deviceId: string, signal: AbortSignal): AsyncIterable<PresenceItem> {
  for await (const response of clients.presence.connect({ deviceId }, { signal, ...NO_DEADLINE })) {
    const { snapshot, reconnect, reconnectDelayMs } = response;
    yield { presences: response.presences.map(presenceOf), snapshot, reconnectMs: reconnect ? reconnectDelayMs : null };
  }
}

function classify(failure: unknown): "retry" | "renew" | "end" {
  if (needsNewToken(failure)) return "renew";
  return endsSession(chatlyError(failure)) ? "end" : "retry";
}

function classifyLive(failure: unknown): "retry" | "renew" | "end" | "reset-cursor" {
  return chatlyError(failure).reason === "INVALID_CURSOR" ? "reset-cursor" : classify(failure);
}

interface NetworkListener {
  /** The network is back, or the user is back at this tab. */
  readonly onOnline: () => void;
  readonly onOffline: () => void;
}

function onNetworkChange(signal: AbortSignal, { onOnline, onOffline }: NetworkListener): void {
  const onVisibilityChange = () => {
    if (document.visibilityState === "visible") onOnline();
  };
  window.addEventListener("online", onOnline, { signal });
  window.addEventListener("offline", onOffline, { signal });
  document.addEventListener("visibilitychange", onVisibilityChange, { signal });
}
