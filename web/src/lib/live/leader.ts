/** What only one tab of a browser does: it holds the streams, and sends what is in the outbox. */

import type { Outbox } from "@/lib/outbox/outbox";
import type { Clients } from "@/lib/rpc/clients";
import { NO_DEADLINE } from "@/lib/rpc/clients";
import { chatlyError, endsSession, needsNewToken } from "@/lib/rpc/errors";
import { liveItemOf } from "@/lib/rpc/live-mapping";
import { presenceOf } from "@/lib/rpc/mapping";
import type { ConnectionState } from "@/lib/types";
import type { LiveItem } from "./changes";
import { LiveSubscription } from "./subscription";
import { type PresenceItem, presenceStream } from "./presence";

export interface LeaderOptions {
  readonly clients: Clients;
  readonly outbox: Outbox;
  readonly cursor: string;
  readonly deviceId: string;
  readonly renew: () => Promise<void>;
  readonly onItem: (item: LiveItem) => void;
  readonly onGap: () => void;
  readonly onPresence: (item: PresenceItem) => void;
  readonly onConnection: (state: ConnectionState) => void;
  readonly onSessionOver: () => void;
}

/** Leads until the signal. */
export function lead(options: LeaderOptions, signal: AbortSignal): void {
  const { clients, outbox, renew, onItem, onGap } = options;
  const live = new LiveSubscription({
    cursor: options.cursor,
    subscribe: (cursor, stop) => subscribe(clients, cursor, stop),
    judge: judgeLive,
    onEnd: options.onSessionOver,
    onConnection: (state) => {
      options.onConnection(navigator.onLine ? state : { ...state, phase: "offline" });
      if (state.phase === "live") outbox.wake();
    },
    ...{ renew, onItem, onGap },
  });
  const presence = presenceStream({
    connect: (stop) => connect(clients, options.deviceId, stop),
    onItem: options.onPresence,
    ...{ judge, renew },
  });
  live.start();
  presence.start();
  outbox.wake();
  onNetwork(signal, {
    nudge: () => {
      live.nudge();
      presence.nudge();
      outbox.wake();
    },
    interrupt: () => {
      live.interrupt();
      presence.interrupt();
    },
  });
  signal.addEventListener("abort", () => {
    live.stop();
    presence.stop();
    outbox.stop();
  });
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

function judge(failure: unknown): "retry" | "renew" | "end" {
  if (needsNewToken(failure)) return "renew";
  return endsSession(chatlyError(failure)) ? "end" : "retry";
}

function judgeLive(failure: unknown): "retry" | "renew" | "end" | "forget-cursor" {
  return chatlyError(failure).reason === "INVALID_CURSOR" ? "forget-cursor" : judge(failure);
}

function onNetwork(signal: AbortSignal, { nudge, interrupt }: { nudge: () => void; interrupt: () => void }): void {
  const onVisible = () => {
    if (document.visibilityState === "visible") nudge();
  };
  window.addEventListener("online", nudge, { signal });
  window.addEventListener("offline", interrupt, { signal });
  document.addEventListener("visibilitychange", onVisible, { signal });
}
