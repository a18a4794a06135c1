// Chat operations for the scenario and the talk.
import { randomUUID } from "node:crypto";

/** Returns the chat_id of two users. A 1:1 chat needs no creation. */
export const directChat = (one, other) => [one, other].sort().join("_");

/** Returns a send with a new client_message_id. Sending the same one again creates no second message. */
export const draft = (chatId, text, ...mediaIds) => ({
  chat_id: chatId,
  client_message_id: randomUUID(),
  text,
  media_ids: mediaIds,
});

/** Returns the stored message, of this or an earlier attempt. */
export async function send(client, request) {
  return (await client.call(client.messaging, "SendMessage", request)).message;
}

/** Returns every message of a chat, oldest first. */
export async function history(client, chatId) {
  const messages = [];
  const request = { chat_id: chatId, page_size: 100, direction: "LIST_DIRECTION_FORWARD", page_token: "" };
  do {
    const page = await client.call(client.messaging, "ListMessages", request);
    messages.push(...page.messages);
    request.page_token = page.next_page_token;
  } while (request.page_token);
  return messages;
}
