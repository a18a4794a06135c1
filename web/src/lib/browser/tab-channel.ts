/** Messages between the tabs of one browser. */

import type { Change } from "@/lib/live/changes";
import type { PresenceUpdate } from "@/lib/live/presence";
import type { ConnectionState, Presence } from "@/lib/types";

export type TabMessage =
  | {
      readonly kind: "changes";
      readonly sender: string;
      /** One more than in the sender's message before, so that receivers notice a lost message. */
      readonly number: number;
      readonly changes: readonly Change[];
      readonly cursor: string;
    }
  | { readonly kind: "presences"; readonly presences: readonly Presence[]; readonly snapshot: boolean }
  | { readonly kind: "connection"; readonly connection: ConnectionState }
  | { readonly kind: "gap" }
  /** A new tab asks the leading tab for its state. */
  | { readonly kind: "hello" }
  | {
      readonly kind: "welcome";
      readonly connection: ConnectionState;
      readonly presences: readonly Presence[];
      readonly cursor: string;
    }
  /** The outbox or the uploads changed in storage. */
  | { readonly kind: "outbox" }
  /** The user changed their own profile, which no stream reports. */
  | { readonly kind: "profile" };

export interface TabListener {
  readonly onChanges: (changes: readonly Change[]) => void;
  readonly onPresences: (update: PresenceUpdate) => void;
  readonly onConnection: (connection: ConnectionState) => void;
  /** Changes may be missing that no tab will publish again. */
  readonly onGap: () => void;
  /** Another tab changed the outbox or the uploads in storage. */
  readonly onOutbox: () => void;
  /** Another tab changed the user's own profile. */
  readonly onProfile: () => void;
}

/** The leading tab's state, for a tab that just opened. */
export interface Welcome {
  readonly connection: ConnectionState;
  readonly presences: readonly Presence[];
}

export interface TabChannelOptions {
  readonly name: string;
  readonly tabId: string;
  readonly listener: TabListener;
  /** Null unless this tab leads. */
  readonly welcome: () => Welcome | null;
}

/** `publish…` reaches every tab, this one included; `post…` reaches the other tabs only. */
export class TabChannel {
  readonly #options: TabChannelOptions;
  readonly #channel: BroadcastChannel;
  #cursor = "";
  /** The sender and the number of the newest "changes" message. */
  #newest = { sender: "", number: 0 };

  constructor(options: TabChannelOptions) {
    this.#options = options;
    this.#channel = new BroadcastChannel(options.name);
    this.#channel.onmessage = (event: MessageEvent<TabMessage>) => this.#receive(event.data);
  }

  /** The newest cursor of the subscription that this tab knows, or empty. */
  get cursor(): string {
    return this.#cursor;
  }

  /** Ask the leading tab for its state; the answer reaches the listener. */
  postHello(): void {
    this.#post({ kind: "hello" });
  }

  postOutbox(): void {
    this.#post({ kind: "outbox" });
  }

  postProfile(): void {
    this.#post({ kind: "profile" });
  }

  /** `cursor` is the position behind the changes, or empty if they do not move it. */
  publishChanges(changes: readonly Change[], cursor: string): void {
    if (changes.length === 0 && cursor === "") return;
    this.#cursor = cursor || this.#cursor;
    this.#newest = { sender: this.#options.tabId, number: this.#newest.number + 1 };
    this.#post({ kind: "changes", ...this.#newest, changes, cursor: this.#cursor });
    this.#options.listener.onChanges(changes);
  }

  publishPresences({ presences, snapshot }: PresenceUpdate): void {
    if (presences.length === 0 && !snapshot) return;
    this.#post({ kind: "presences", presences, snapshot });
    this.#options.listener.onPresences({ presences, snapshot });
  }

  publishConnection(connection: ConnectionState): void {
    this.#post({ kind: "connection", connection });
    this.#options.listener.onConnection(connection);
  }

  publishGap(): void {
    this.#post({ kind: "gap" });
    this.#options.listener.onGap();
  }

  close(): void {
    this.#channel.close();
  }

  #post(message: TabMessage): void {
    this.#channel.postMessage(message);
  }

  #receive(message: TabMessage): void {
    const { listener } = this.#options;
    switch (message.kind) {
      case "changes":
        return this.#receiveChanges(message);
      case "presences":
        return listener.onPresences(message);
      case "connection":
        return listener.onConnection(message.connection);
      case "gap":
        return listener.onGap();
      case "hello":
        return this.#answerHello();
      case "welcome":
        this.#cursor ||= message.cursor;
        listener.onPresences({ presences: message.presences, snapshot: true });
        return listener.onConnection(message.connection);
      case "outbox":
        return listener.onOutbox();
      case "profile":
        return listener.onProfile();
    }
  }

  #receiveChanges({ sender, number, changes, cursor }: Extract<TabMessage, { kind: "changes" }>): void {
    const isLost = this.#newest.sender === sender && number !== this.#newest.number + 1;
    this.#newest = { sender, number };
    this.#cursor = cursor || this.#cursor;
    this.#options.listener.onChanges(changes);
    if (isLost) this.#options.listener.onGap();
  }

  #answerHello(): void {
    const welcome = this.#options.welcome();
    if (welcome) this.#post({ kind: "welcome", ...welcome, cursor: this.#cursor });
  }
}
