// Chats with programs of any language: sends its lines and receives everybody else's, in order and once each.
import assert from "node:assert/strict";
import { draft, history, send } from "./chat.js";
import { Client } from "./client.js";
import { Inbox } from "./inbox.js";

/** Sends `lines` messages and receives `expect` messages of others. Rejects on a gap, a repeat, or a wrong order. */
export async function talk(edge, name, chatId, lines, expect) {
  const client = new Client(edge);
  const inbox = new Inbox(edge, client);
  try {
    await client.join(name);
    inbox.connect();
    await Promise.all([speak(client, chatId, lines), listen(client, inbox, chatId, expect)]);
  } finally {
    await inbox.disconnect();
    client.close();
  }
  console.log("done");
}

async function speak(client, chatId, lines) {
  for (let number = 1; number <= lines; number++) await send(client, draft(chatId, `${client.name} ${number}`));
}

async function listen(client, inbox, chatId, expect) {
  const received = new Received(client.userId);
  while (received.count < expect) {
    const event = await inbox.next();
    if (event.event === "message_created" && event.chat_id === chatId) {
      received.take(event.message_created);
    } else if (event.event === "caught_up" || event.event === "resync") {
      // Messages sent before the subscription, or too long ago to replay.
      for (const message of await history(client, chatId)) received.take(message);
    }
  }
}

/** Records the messages of others. Each sender numbers their lines from 1. */
class Received {
  count = 0;
  #ownId;
  #messageIds = new Set();
  #numbers = new Map();

  constructor(ownId) {
    this.#ownId = ownId;
  }

  take({ message_id, sender_id, text }) {
    if (sender_id === this.#ownId || this.#messageIds.has(message_id)) return;
    this.#messageIds.add(message_id);
    const expected = (this.#numbers.get(sender_id) ?? 0) + 1;
    assert.equal(text.split(" ").at(-1), String(expected), `a line of ${sender_id} is missing or repeated`);
    this.#numbers.set(sender_id, expected);
    this.count += 1;
    console.log(text);
  }
}
