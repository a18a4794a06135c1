/** In-memory services that several tabs may use at the same time. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import type { SubscribeResponseSchema } from "@/gen/chatly/messaging/v1/messaging_service_pb";
import { Availability } from "@/gen/chatly/presence/v1/presence_service_pb";
import type { Clients } from "@/lib/rpc/clients";
import { CHAT, PEER, timeId } from "./builders";
import { clientsOf } from "./fake-services";
import { FakeTransport } from "./fake-stream";

type Response = MessageInitShape<typeof SubscribeResponseSchema>;
interface Stored {
  messageId: string;
  chatId: string;
  clientMessageId: string;
  senderId: string;
  text: string;
}

export class FakeMesh {
  /** The Subscribe streams of every tab, in the order of opening. */
  readonly live = new FakeTransport<Response>();
  readonly sends: string[] = [];
  readonly #messages: Stored[] = [];
  #events = 0;

  /** Store a new message and send it to the newest stream. */
  post(text: string, message: Partial<Stored> = {}): void {
    const stored = this.#store({ text, senderId: PEER, ...message });
    this.send({ event: { case: "messageCreated" as const, value: stored } }, stored.messageId);
  }

  /** Store a new message without sending it to a stream. */
  postSilently(text: string): void {
    this.#store({ text, senderId: PEER });
  }

  send(event: object, eventId = `event-${this.#events}`): void {
    this.live.latest.send({ events: [{ eventId, chatId: CHAT, ...event }], cursor: `cursor-${++this.#events}` });
  }

  catchUp(): void {
    this.live.latest.send({ events: [{ event: { case: "caughtUp", value: {} } }], cursor: "cursor-0" });
  }

  /** Return the clients of one tab. */
  clients(me: string): Clients {
    return clientsOf({
      users: {
        getMe: () => ({ user: { userId: me } }),
        listUsers: () => ({ users: [{ userId: PEER, username: "peer" }] }),
      },
      messaging: {
        subscribe: ({ cursor }, { signal }) => this.live.open(cursor, signal),
        listChats: () => ({ chats: [{ chatId: CHAT, lastMessage: this.#messages.at(-1) }] }),
        listMessages: () => ({ messages: [...this.#messages] }),
        sendMessage: ({ clientMessageId, text }) => {
          this.sends.push(text);
          const stored = this.#messages.find((message) => message.clientMessageId === clientMessageId);
          return { message: stored ?? this.#store({ text, clientMessageId, senderId: me }) };
        },
      },
      presence: {
        async *connect(_, { signal }) {
          yield { snapshot: true, presences: [{ userId: PEER, availability: Availability.ONLINE, version: 1n }] };
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
        },
      },
    });
  }

  #store(message: Pick<Stored, "text" | "senderId"> & Partial<Stored>): Stored {
    const messageId = timeId(this.#messages.length + 1);
    const stored = { messageId, chatId: CHAT, clientMessageId: messageId, ...message };
    this.#messages.push(stored);
    return stored;
  }
}
