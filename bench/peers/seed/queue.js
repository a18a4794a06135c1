// The topic: every message is produced with acks=all. The consumer saves messages that are not saved yet.
import { Kafka, logLevel } from "kafkajs";

import { isSaved, saveMessage } from "./messages.js";
import { settings } from "./settings.js";

const kafka = new Kafka({ clientId: "seed", brokers: settings.kafka, logLevel: logLevel.ERROR });
const producer = kafka.producer();
const consumer = kafka.consumer({ groupId: `${settings.topic}-consumer` });

export async function openQueue() {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    waitForLeaders: true,
    topics: [{ topic: settings.topic, numPartitions: settings.partitions, replicationFactor: 1 }],
  });
  await admin.disconnect();
  await producer.connect();
  await consumer.connect();
  await consumer.subscribe({ topic: settings.topic, fromBeginning: true });
  await consumer.run({ eachMessage: ({ message }) => consume(JSON.parse(message.value)) });
}

export async function closeQueue() {
  await consumer.disconnect();
  await producer.disconnect();
}

export const produce = (message) =>
  producer.send({
    topic: settings.topic,
    acks: -1,
    messages: [{ key: message.chat_id, value: JSON.stringify(message) }],
  });

async function consume(message) {
  const saved = settings.looksUp ? await isSaved(message) : Boolean(message.message_id);
  if (!saved) await saveMessage(message);
}
