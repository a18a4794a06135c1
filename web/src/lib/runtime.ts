/** Composes everything that lives as long as one login of one user in one tab. */

import { inBackground } from "./background";
import { IndexedDbCache } from "./browser/cache";
import { startCacheWriter } from "./browser/cache-writer";
import { type Database, openDatabase } from "./browser/database";
import { electLeader } from "./browser/leader-election";
import type { Locks } from "./browser/locks";
import { TabChannel, type TabListener } from "./browser/tab-channel";
import { newId } from "./ids";
import { Ingest } from "./live/ingest";
import { Leader } from "./live/leader";
import { mergePresences } from "./live/presence";
import { Loader } from "./loader";
import { Outbox } from "./outbox/outbox";
import { OutboxSender } from "./outbox/outbox-sender";
import { SendQueue } from "./outbox/send-queue";
import { IndexedDbOutbox, IndexedDbUploads } from "./outbox/storage";
import { UploadQueue } from "./outbox/upload-queue";
import { ReadMarkSender } from "./read-marks";
import type { Clients } from "./rpc/clients";
import { chatlyError } from "./rpc/errors";
import { withoutStaleTyping } from "./state/apply";
import { newestBefore } from "./state/messages";
import type { State } from "./state/model";
import { type Store, untilAborted } from "./state/store";
import type { UserId } from "./types";

export interface RuntimeOptions {
  readonly me: UserId;
  readonly store: Store<State>;
  readonly clients: Clients;
  readonly locks: Locks;
  readonly renew: () => Promise<void>;
  readonly onSessionEnded: () => void;
}

const TYPING_CHECK_MS = 1_000;

export class Runtime {
  readonly me: UserId;
  readonly ingest: Ingest;
  readonly loader: Loader;
  readonly readMarks: ReadMarkSender;
  readonly uploadQueue: UploadQueue;
  readonly sendQueue: SendQueue;
  readonly #locks: Locks;
  readonly #store: Store<State>;
  readonly #database: Promise<Database>;
  readonly #channel: TabChannel;
  readonly #leader: Leader;
  readonly #stop = new AbortController();

  constructor({ me, locks, clients, renew, onSessionEnded, ...options }: RuntimeOptions) {
    const { signal } = this.#stop;
    const store = untilAborted(signal, options.store);
    const database = openDatabase(me);
    const tabId = newId();
    const cache = new IndexedDbCache(database);
    const outboxStorage = new IndexedDbOutbox(database);
    const uploadStorage = new IndexedDbUploads(database);
    this.me = me;
    this.#locks = locks;
    this.#store = store;
    this.#database = database;
    this.ingest = new Ingest({
      store,
      me,
      onIncomplete: (chatId) => void this.loader.loadChat(chatId),
    });
    this.loader = new Loader({ clients, store, cache, me, signal, ingest: this.ingest });
    this.readMarks = new ReadMarkSender({
      signal,
      send: (chatId, messageId) => clients.messaging.markRead({ chatId, messageId }),
      newestBefore: (chatId, messageId) => newestBefore(store.get().messages.get(chatId)?.items ?? [], messageId),
    });
    this.uploadQueue = new UploadQueue({ store, locks, storage: uploadStorage, media: clients.media });
    this.sendQueue = new SendQueue({
      signal,
      store,
      storage: outboxStorage,
      uploadStorage,
      uploadQueue: this.uploadQueue,
      me,
      onChanged: () => {
        this.#channel.postOutbox();
        this.#leader.wakeOutbox();
      },
    });
    this.#channel = new TabChannel({
      name: `chatly-${me}`,
      tabId,
      listener: this.#tabListener(),
      welcome: () => {
        const { connection, presences } = store.get();
        return this.#leader.isLeading ? { connection, presences: [...presences.values()] } : null;
      },
    });
    const sender = new OutboxSender({
      store,
      messaging: clients.messaging,
      uploadStorage,
      uploadQueue: this.uploadQueue,
      publish: (change) => this.#channel.publishChanges([change], ""),
    });
    const openOutbox = () =>
      new Outbox({
        storage: outboxStorage,
        send: (item, stopped) => sender.send(item, stopped),
        onSent: (item, message) => {
          sender.publish(item, message);
          this.sendQueue.removeFiles(item);
        },
        onChanged: () => this.#background(this.sendQueue.reload().then(() => this.#channel.postOutbox())),
        asError: chatlyError,
      });
    this.#leader = new Leader({
      clients,
      channel: this.#channel,
      openOutbox,
      outboxStorage,
      uploadQueue: this.uploadQueue,
      deviceId: tabId,
      renew,
      onSessionEnded,
    });
    signal.addEventListener("abort", startCacheWriter(store, cache));
  }

  start(): void {
    const { signal } = this.#stop;
    void this.loader.start();
    this.#background(this.sendQueue.reload());
    this.#channel.postHello();
    void electLeader(this.#locks, `chatly-leader-${this.me}`, signal, (lead) => this.#leader.start(lead));
    const typing = setInterval(
      () => this.#store.update((state) => withoutStaleTyping(state, Date.now())),
      TYPING_CHECK_MS,
    );
    signal.addEventListener("abort", () => clearInterval(typing));
    window.addEventListener("pageshow", (event) => event.persisted && this.loader.refresh(), { signal });
    document.addEventListener("visibilitychange", this.readMarks.flush, { signal });
  }

  /** End everything; resolve when the database is closed. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.uploadQueue.stop();
    this.#channel.close();
    (await this.#database).close();
  }

  /** Make the other tabs load the user's own profile again. */
  postProfile(): void {
    this.#channel.postProfile();
  }

  #tabListener(): TabListener {
    return {
      onChanges: (changes) => this.ingest.apply(changes),
      onPresences: (update) =>
        this.#store.update((state) => ({ ...state, presences: mergePresences(state.presences, update) })),
      onConnection: (connection) => {
        this.#store.update((state) => ({ ...state, connection }));
        if (connection.phase !== "live") return;
        this.loader.retry();
        this.readMarks.flush();
      },
      onGap: () => this.loader.refresh(),
      onOutbox: () => {
        this.#background(this.sendQueue.reload());
        this.#leader.wakeOutbox();
      },
      onProfile: () => void this.loader.reloadMe().catch(() => undefined),
    };
  }

  #background(work: Promise<unknown>): void {
    inBackground(this.#stop.signal, work);
  }
}
