"""What leads a mesh to the real engines."""

from tests.engines.running import S3Server


def engine_settings(name: str, *, kafka: str, cassandra: str, redis_url: str, s3: S3Server) -> dict[str, str]:
    """Settings of a mesh that has a keyspace, a topic, a bucket and keys of this name there."""
    return {
        "CHATLY_ENGINES": "distributed",
        "CHATLY_KAFKA_BOOTSTRAP": kafka,
        "CHATLY_KAFKA_TOPIC": name,
        "CHATLY_KAFKA_PARTITIONS": "4",
        "CHATLY_CASSANDRA_CONTACT_POINTS": cassandra,
        "CHATLY_CASSANDRA_KEYSPACE": name,
        "CHATLY_REDIS_URL": redis_url,
        "CHATLY_REDIS_PREFIX": f"{name}:",
        "CHATLY_S3_ENDPOINT": s3.endpoint,
        "CHATLY_S3_ACCESS_KEY": s3.access_key,
        "CHATLY_S3_SECRET_KEY": s3.secret_key,
        "CHATLY_S3_BUCKET": name,
    }
