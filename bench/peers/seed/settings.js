// Where the engines are, and what is this run's own there.
const { env } = process;

export const settings = {
  cassandra: env.SEED_CASSANDRA, // host:port
  keyspace: env.SEED_KEYSPACE,
  kafka: env.SEED_KAFKA.split(","),
  topic: env.SEED_TOPIC,
  partitions: Number(env.SEED_PARTITIONS),
  redis: env.SEED_REDIS, // a URL
  secret: env.SEED_SECRET, // of the tokens
  // Whether the consumer looks each message up before it skips it, or believes that what has an id is saved.
  looksUp: env.SEED_LOOKS_UP !== "no",
};
