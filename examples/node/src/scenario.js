// Two users chat: every step that a client needs, each checked.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { directChat, draft, history, send } from "./chat.js";
import { Client } from "./client.js";
import { Inbox } from "./inbox.js";
import { download, upload } from "./transfer.js";

const WHILE_AWAY = [1, 2, 3, 4, 5].map((number) => `While you were away ${number}`);

/** Runs all steps. Rejects at the first wrong result. */
export async function scenario(edge, name, files) {
  const ada = new Client(edge);
  const ben = new Client(edge);
  const steps = new Scenario(ada, ben, new Inbox(edge, ada), new Inbox(edge, ben), files);
  try {
    for (const [step, take] of Object.entries({
      "register and log in": () => steps.join(name),
      "find each other": () => steps.findEachOther(),
      subscribe: () => steps.subscribe(),
      send: () => steps.send(),
      react: () => steps.react(),
      edit: () => steps.edit(),
      delete: () => steps.delete(),
      "upload and download": () => steps.exchangeFiles(),
      "lose the connection and resume": () => steps.resume(),
      "renew the access token": () => steps.refresh(),
    })) {
      await take();
      console.log(`ok ${step}`);
    }
  } finally {
    await steps.leave();
  }
}

/** Ada and Ben in their chat. */
class Scenario {
  constructor(ada, ben, adaInbox, benInbox, files) {
    Object.assign(this, { ada, ben, adaInbox, benInbox, files });
  }

  async join(name) {
    await this.ada.join(`${name}-ada`);
    await this.ben.join(`${name}-ben`);
    this.chatId = directChat(this.ada.userId, this.ben.userId);
  }

  async findEachOther() {
    assert.equal(await this.ada.find(this.ben.name), this.ben.userId);
    assert.equal(await this.ben.find(this.ada.name), this.ada.userId);
  }

  async subscribe() {
    for (const inbox of [this.adaInbox, this.benInbox]) {
      inbox.connect();
      await inbox.until("caught_up");
    }
  }

  async send() {
    const request = draft(this.chatId, "Hello Ben");
    this.messageId = (await send(this.ada, request)).message_id;
    // A retry, as after a lost response, returns the same message.
    assert.equal((await send(this.ada, request)).message_id, this.messageId);
    const arrived = (await this.benInbox.until("message_created")).at(-1).message_created;
    assert.equal(arrived.message_id, this.messageId);
    assert.equal(arrived.client_message_id, request.client_message_id);
    assert.equal(arrived.text, "Hello Ben");
  }

  async react() {
    const reaction = { chat_id: this.chatId, message_id: this.messageId, emoji: "👍" };
    // Calling it twice would remove the reaction, so it is not retried.
    await this.ben.call(this.ben.messaging, "ToggleReaction", reaction, { retry: false });
    const change = (await this.adaInbox.until("reaction_changed")).at(-1).reaction_changed;
    const { message_id, user_id, emoji, present } = change;
    const expected = { message_id: this.messageId, user_id: this.ben.userId, emoji: "👍", present: true };
    assert.deepEqual({ message_id, user_id, emoji, present }, expected);
  }

  async edit() {
    const change = { chat_id: this.chatId, message_id: this.messageId, text: "Hello Ben!" };
    await this.ada.call(this.ada.messaging, "EditMessage", change);
    const { message_id, text } = (await this.benInbox.until("message_edited")).at(-1).message_edited;
    assert.deepEqual({ message_id, text }, { message_id: this.messageId, text: "Hello Ben!" });
  }

  async delete() {
    const sent = await send(this.ada, draft(this.chatId, "Not for long"));
    const deletion = { chat_id: this.chatId, message_id: sent.message_id, scope: "DELETE_SCOPE_FOR_EVERYONE" };
    await this.ada.call(this.ada.messaging, "DeleteMessage", deletion);
    const { message_id, for_everyone } = (await this.benInbox.until("message_deleted")).at(-1).message_deleted;
    assert.deepEqual({ message_id, for_everyone }, { message_id: sent.message_id, for_everyone: true });
  }

  async exchangeFiles() {
    const photo = await upload(this.ada, join(this.files, "photo.jpg"));
    const paper = await upload(this.ada, join(this.files, "paper.pdf"));
    await send(this.ada, draft(this.chatId, "Two files", photo.media_id, paper.media_id));
    const arrived = (await this.benInbox.until("message_created")).at(-1).message_created;
    assert.deepEqual(arrived.attachments.map((file) => file.content_type), ["image/jpeg", "application/pdf"]);
    assert.equal((await download(this.ben, photo.media_id)).subarray(0, 2).toString("hex"), "ffd8");
    assert.deepEqual(await download(this.ben, paper.media_id), await readFile(join(this.files, "paper.pdf")));
  }

  async resume() {
    await this.benInbox.disconnect();
    for (const text of WHILE_AWAY) await send(this.ada, draft(this.chatId, text));
    this.benInbox.connect();
    assert.deepEqual(texts(await this.benInbox.until("caught_up")), WHILE_AWAY);
    await send(this.ada, draft(this.chatId, "Welcome back"));
    assert.deepEqual(texts(await this.benInbox.until("message_created")), ["Welcome back"]);
  }

  async refresh() {
    // As with an expired token: the next call is rejected, refreshes the tokens, and tries again.
    this.ben.token = "";
    const said = (await history(this.ben, this.chatId)).map((message) => message.text);
    assert.deepEqual(said.slice(-9), ["Hello Ben!", "", "Two files", ...WHILE_AWAY, "Welcome back"]);
  }

  async leave() {
    await Promise.all([this.adaInbox.disconnect(), this.benInbox.disconnect()]);
    this.ada.close();
    this.ben.close();
  }
}

/** Returns the texts of the new messages among some events. */
function texts(events) {
  return events.filter(({ event }) => event === "message_created").map(({ message_created }) => message_created.text);
}
