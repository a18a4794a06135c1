// Messages in Cassandra, in the seed's table.
import cassandra from "cassandra-driver";

import { settings } from "./settings.js";

const CHATS = `CREATE KEYSPACE IF NOT EXISTS ${settings.keyspace}
  WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}`;
const MESSAGES = `CREATE TABLE IF NOT EXISTS ${settings.keyspace}.messages (
  chat_id text, message_id timeuuid, sender_id text, receiver_id text, content text,
  attachment_url text, attachment_type text, attachment_name text, created_at timestamp,
  deleted_for set<text>, deleted_for_everyone boolean,
  PRIMARY KEY (chat_id, message_id)) WITH CLUSTERING ORDER BY (message_id ASC)`;
const INSERT = `INSERT INTO ${settings.keyspace}.messages
  (chat_id, message_id, sender_id, receiver_id, content, created_at, deleted_for_everyone) VALUES (?, ?, ?, ?, ?, ?, false)`;
const EXISTS = `SELECT message_id FROM ${settings.keyspace}.messages WHERE chat_id = ? AND message_id = ?`;
const HISTORY = `SELECT * FROM ${settings.keyspace}.messages WHERE chat_id = ?`;

const [host, port] = settings.cassandra.split(":");
const client = new cassandra.Client({
  contactPoints: [host],
  protocolOptions: { port: Number(port) },
  localDataCenter: "datacenter1",
});
const prepared = { prepare: true };

export async function openMessages() {
  await client.connect();
  await client.execute(CHATS);
  await client.execute(MESSAGES);
}

export const closeMessages = () => client.shutdown();

export const chatOf = (one, other) => [one, other].sort().join("_");

export async function createMessage({ chatId, senderId, receiverId, content }) {
  const message = {
    chat_id: chatId,
    message_id: cassandra.types.TimeUuid.now(),
    sender_id: senderId,
    receiver_id: receiverId,
    content,
    created_at: new Date(),
  };
  await saveMessage(message);
  return { ...message, message_id: message.message_id.toString() };
}

export const saveMessage = (message) =>
  client.execute(
    INSERT,
    [message.chat_id, message.message_id, message.sender_id, message.receiver_id, message.content, message.created_at],
    prepared,
  );

export async function isSaved(message) {
  const found = await client.execute(EXISTS, [message.chat_id, message.message_id], prepared);
  return found.rowLength > 0;
}

export async function historyOf(chatId) {
  const found = await client.execute(HISTORY, [chatId], prepared);
  return found.rows;
}
