// Addresses of the engines, and the names of this run in them.
const { env } = process;

export const settings = {
  cassandra: env.SEED_CASSANDRA, // host:port
  keyspace: env.SEED_KEYSPACE,
  kafka: env.SEED_KAFKA.split(","),
  topic: env.SEED_TOPIC,
  partitions: Number(env.SEED_PARTITIONS),
  redis: env.SEED_REDIS, // a URL
  secret: env.SEED_SECRET, // secret of the tokens
  // Whether the consumer looks up each message before skipping it, or trusts that a message with an ID is saved.
  looksUp: env.SEED_LOOKS_UP !== "no",
};
