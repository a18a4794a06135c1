/** Everything that lives as long as one login of one user in one tab. */

import { inBackground } from "./background";
import { IndexedDbCache } from "./browser/cache";
import { keepCache } from "./browser/cache-writer";
import { type Database, openDatabase } from "./browser/database";
import type { Locks } from "./browser/locks";
import { type Channel, leadInTurn, openChannel, type TabMessage } from "./browser/tab-channel";
import { newId } from "./ids";
import type { Change, LiveItem } from "./live/changes";
import { Ingest } from "./live/ingest";
import { lead } from "./live/leader";
import { mergePresences, type PresenceItem } from "./live/presence";
import { Loader } from "./loader";
import { Outbox, type OutboxItem } from "./outbox/outbox";
import { SendQueue } from "./outbox/send-queue";
import { IndexedDbOutbox, IndexedDbUploads } from "./outbox/storage";
import { UploadTray } from "./outbox/upload-queue";
import type { Clients } from "./rpc/clients";
import { ReadGatherer } from "./read-marks";
import { chatlyError } from "./rpc/errors";
import { messageOf } from "./rpc/mapping";
import { withoutStaleTyping } from "./state/apply";
import { type State, withEntry, withoutEntry } from "./state/model";
import { type Store, until } from "./state/store";
import { ChatlyError, type ConnectionState, type Message, type UserId } from "./types";

export interface RuntimeOptions {
  readonly me: UserId;
  readonly store: Store<State>;
  readonly clients: Clients;
  readonly locks: Locks;
  readonly renew: () => Promise<void>;
  readonly onSessionOver: () => void;
}

const TYPING_LOOK_MS = 1_000;

export class Runtime {
  readonly me: UserId;
  readonly ingest: Ingest;
  readonly loader: Loader;
  readonly reading: ReadGatherer;
  readonly tray: UploadTray;
  readonly queue: SendQueue;
  readonly #options: RuntimeOptions;
  readonly #database: Promise<Database>;
  readonly #outbox: Outbox;
  readonly #channel: Channel;
  readonly #stop = new AbortController();
  readonly #tab = newId();
  #leading = false;
  #cursor = "";
  /** The last leader heard, and the number of its last word. */
  #heard = { leader: "", number: 0 };

  constructor(options: RuntimeOptions) {
    const { me, clients, locks } = options;
    const store = until(this.#stop.signal, options.store);
    this.#options = { ...options, store };
    this.me = me;
    this.#database = openDatabase(me);
    const storage = new IndexedDbOutbox(this.#database);
    const uploads = new IndexedDbUploads(this.#database);
    const cache = new IndexedDbCache(this.#database);
    this.ingest = new Ingest({
      store,
      me,
      onIncomplete: (chatId) => void this.loader.loadChat(chatId),
    });
    const signal = this.#stop.signal;
    this.loader = new Loader({ clients, store, cache, me, signal, ingest: this.ingest });
    this.reading = new ReadGatherer({
      signal,
      tell: (chatId, messageId) => clients.messaging.markRead({ chatId, messageId }),
    });
    this.tray = new UploadTray({ store, locks, storage: uploads, media: clients.media });
    this.queue = new SendQueue({
      store,
      storage,
      uploads,
      me,
      tray: this.tray,
      onChanged: () => this.#outboxChanged(),
    });
    this.#outbox = new Outbox({
      storage,
      send: (item, signal) => this.#send(item, signal),
      onSent: (item, message) => this.#sent(item, message),
      onChanged: () => this.#background(this.#settled()),
      asError: chatlyError,
    });
    this.#channel = openChannel(`chatly-${me}`, (message) => this.#receive(message));
    this.#stop.signal.addEventListener("abort", keepCache(store, cache));
  }

  start(): void {
    void this.loader.begin();
    this.#background(this.queue.reload());
    this.#channel.post({ kind: "hello" });
    void leadInTurn(this.#options.locks, `chatly-leader-${this.me}`, this.#stop.signal, () => this.#lead());
    const typing = setInterval(
      () => this.#options.store.update((s) => withoutStaleTyping(s, Date.now())),
      TYPING_LOOK_MS,
    );
    this.#stop.signal.addEventListener("abort", () => clearInterval(typing));
    const { signal } = this.#stop;
    window.addEventListener("pageshow", (event) => event.persisted && this.loader.refresh(), { signal });
    document.addEventListener("visibilitychange", this.reading.hurry, { signal });
  }

  /** Ends everything; resolves when the database is closed. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.tray.stop();
    this.#channel.close();
    (await this.#database).close();
  }

  /** Another tab shows the same profile. */
  tellProfile(): void {
    this.#channel.post({ kind: "profile", userId: this.me });
  }

  #lead(): void {
    this.#leading = true;
    this.#background(this.#sweep());
    const { clients, renew, onSessionOver } = this.#options;
    lead(
      {
        ...{ clients, renew, onSessionOver, outbox: this.#outbox, cursor: this.#cursor, deviceId: this.#tab },
        onItem: (item) => this.#tell(item),
        onGap: () => this.#gap(),
        onPresence: (item) => this.#presences(item),
        onConnection: (connection) => this.#connection(connection),
      },
      this.#stop.signal,
    );
  }

  async #sweep(): Promise<void> {
    const items = await new IndexedDbOutbox(this.#database).all();
    await this.tray.sweep(new Set(items.flatMap((item) => item.uploadIds)));
  }

  #tell({ changes, cursor }: Pick<LiveItem, "changes" | "cursor">): void {
    if (changes.length === 0 && cursor === "") return;
    this.#cursor = cursor || this.#cursor;
    this.#heard = { leader: this.#tab, number: this.#heard.number + 1 };
    this.#channel.post({ kind: "changes", ...this.#heard, changes, cursor: this.#cursor });
    this.ingest.take(changes);
  }

  #gap(): void {
    this.#channel.post({ kind: "gap" });
    this.loader.refresh();
  }

  #presences({ presences, snapshot }: Pick<PresenceItem, "presences" | "snapshot">): void {
    if (presences.length === 0 && !snapshot) return;
    if (this.#leading) this.#channel.post({ kind: "presences", presences, snapshot });
    const merge = (state: State) => ({ ...state, presences: mergePresences(state.presences, { presences, snapshot }) });
    this.#options.store.update(merge);
  }

  #connection(connection: ConnectionState): void {
    if (this.#leading) this.#channel.post({ kind: "connection", connection });
    this.#options.store.update((state) => ({ ...state, connection }));
    if (connection.phase !== "live") return;
    this.loader.retry();
    this.reading.hurry();
  }

  #receive(message: TabMessage): void {
    switch (message.kind) {
      case "changes":
        return this.#follow(message);
      case "presences":
        return this.#presences(message);
      case "connection":
        return this.#connection(message.connection);
      case "gap":
        return this.loader.refresh();
      case "hello":
        return this.#welcome();
      case "welcome":
        this.#cursor ||= message.cursor;
        this.#presences({ presences: message.presences, snapshot: true });
        return this.#connection(message.connection);
      case "outbox":
        this.#background(this.queue.reload());
        if (this.#leading) this.#outbox.wake();
        return;
      case "profile":
        void this.loader.reloadMe().catch(() => undefined);
    }
  }

  #follow({ leader, number, changes, cursor }: Extract<TabMessage, { kind: "changes" }>): void {
    const lost = this.#heard.leader === leader && number !== this.#heard.number + 1;
    this.#heard = { leader, number };
    this.#cursor = cursor || this.#cursor;
    this.ingest.take(changes);
    if (lost) this.loader.refresh();
  }

  #welcome(): void {
    if (!this.#leading) return;
    const { connection, presences } = this.#options.store.get();
    this.#channel.post({ kind: "welcome", connection, presences: [...presences.values()], cursor: this.#cursor });
  }

  #background(work: Promise<unknown>): void {
    inBackground(this.#stop.signal, work);
  }

  #outboxChanged(): void {
    this.#channel.post({ kind: "outbox" });
    if (this.#leading) this.#outbox.wake();
  }

  async #settled(): Promise<void> {
    await this.queue.reload();
    this.#channel.post({ kind: "outbox" });
  }

  async #send(item: OutboxItem, signal: AbortSignal): Promise<Message> {
    const mediaIds = await this.#finishUploads(item, signal);
    const { chatId, clientMessageId, text } = item;
    const replyToMessageId = item.replyToMessageId ?? "";
    const asked = { chatId, clientMessageId, text, replyToMessageId, mediaIds };
    const { message } = await this.#options.clients.messaging.sendMessage(asked, { signal });
    if (!message) throw new ChatlyError("INTERNAL", "the answer has no message");
    return messageOf(message);
  }

  async #finishUploads(item: OutboxItem, signal: AbortSignal): Promise<string[]> {
    const mediaIds: string[] = [];
    for (const [place, id] of item.uploadIds.entries()) {
      const file = await new IndexedDbUploads(this.#database).get(id);
      const size = Math.max(1, file?.blob.size ?? 1);
      const onProgress = (sent: number) => this.#progress(item, (place + sent / size) / item.uploadIds.length);
      mediaIds.push(await this.tray.finish(id, onProgress, signal));
    }
    return mediaIds;
  }

  #progress({ clientMessageId }: OutboxItem, share: number): void {
    this.#options.store.update((s) => ({ ...s, progress: withEntry(s.progress, clientMessageId, share) }));
  }

  /** The answer is told like an event of the stream, which brings it too: whichever is first counts. */
  #sent(item: OutboxItem, message: Message): void {
    const { clientMessageId } = item;
    this.#options.store.update((s) => ({ ...s, progress: withoutEntry(s.progress, clientMessageId) }));
    const change: Change = {
      eventId: message.messageId,
      chatId: item.chatId,
      at: message.createdAt,
      kind: "message",
      message,
    };
    this.#tell({ changes: [change], cursor: "" });
    this.queue.release(item);
  }
}
