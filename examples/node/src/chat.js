// What the scenario and the talk both do in a chat.
import { randomUUID } from "node:crypto";

/** The chat_id of two users: it exists without being made. */
export const directChat = (one, other) => [one, other].sort().join("_");

/** A send with a name of its own: trying the same one again makes no second message. */
export const draft = (chatId, text, ...mediaIds) => ({
  chat_id: chatId,
  client_message_id: randomUUID(),
  text,
  media_ids: mediaIds,
});

/** The message that was made, now or by an earlier try. */
export async function send(client, request) {
  return (await client.call(client.messaging, "SendMessage", request)).message;
}

/** Every message of a chat, oldest first. */
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
