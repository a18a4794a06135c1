/** A messaging service in memory that several tabs may use at the same time. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import type { SubscribeResponseSchema } from "@/gen/chatly/messaging/v1/messaging_service_pb";
import { Availability } from "@/gen/chatly/presence/v1/presence_service_pb";
import type { Clients } from "@/lib/rpc/clients";
import { CHAT, PEER, timeId } from "./builders";
import { clientsOf } from "./fake-services";
import { FakeTransport } from "./fake-stream";

type Told = MessageInitShape<typeof SubscribeResponseSchema>;
interface Stored {
  messageId: string;
  chatId: string;
  clientMessageId: string;
  senderId: string;
  text: string;
}

export class FakeMesh {
  /** Streams of Subscribe, of every tab, in the order of opening. */
  readonly live = new FakeTransport<Told>();
  readonly sends: string[] = [];
  readonly #messages: Stored[] = [];
  #told = 0;

  /** A new message as everybody in the chat sees it; also told to the stream that is open. */
  post(text: string, message: Partial<Stored> = {}): void {
    const stored = this.#store({ text, senderId: PEER, ...message });
    this.tell({ event: { case: "messageCreated" as const, value: stored } }, stored.messageId);
  }

  /** A new message that the stream does not tell (yet). */
  postSilently(text: string): void {
    this.#store({ text, senderId: PEER });
  }

  tell(event: object, eventId = `event-${this.#told}`): void {
    this.live.latest.send({ events: [{ eventId, chatId: CHAT, ...event }], cursor: `cursor-${++this.#told}` });
  }

  catchUp(): void {
    this.live.latest.send({ events: [{ event: { case: "caughtUp", value: {} } }], cursor: "cursor-0" });
  }

  /** What a tab calls. */
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
          const known = this.#messages.find((message) => message.clientMessageId === clientMessageId);
          return { message: known ?? this.#store({ text, clientMessageId, senderId: me }) };
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
