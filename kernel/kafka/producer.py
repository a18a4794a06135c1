"""The producer of kafka-python."""

from kafka import KafkaProducer
from kafka.errors import KafkaError, KafkaTimeoutError

from kernel.kafka.append import Sent
from kernel.kafka.client import build_client
from kernel.kafka.settings import MAX_RECORD_BYTES, KafkaSettings

_CLOSE_SECONDS = 2.0


class PythonProducer:
    """Producer over kafka-python, whose own thread sends and receives."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._topic = settings.topic
        self._producer = build_client(
            KafkaProducer,
            **settings.client(),
            acks="all",
            enable_idempotence=True,
            delivery_timeout_ms=settings.delivery_ms,
            request_timeout_ms=settings.request_ms,
            max_block_ms=min(settings.delivery_ms, 3_000),
            max_request_size=MAX_RECORD_BYTES,
            allow_auto_create_topics=False,
            metrics_enabled=False,
        )
        try:
            self._producer.partitions_for(settings.topic)
        except KafkaError:
            self.close()
            raise

    def send(self, partition: int, key: bytes, value: bytes, done: Sent) -> None:
        sent = self._producer.send(self._topic, value, key, partition=partition)
        sent.add_callback(lambda acknowledged: done(acknowledged.offset))
        sent.add_errback(done)

    def close(self) -> None:
        try:
            self._producer.close(timeout=_CLOSE_SECONDS)
        except KafkaTimeoutError:
            # `close` times out if a record is stuck; ending the sender thread releases it.
            self._producer._sender.force_close()  # noqa: SLF001
            self._producer._sender.join(_CLOSE_SECONDS)  # noqa: SLF001
            self._producer.close(timeout=_CLOSE_SECONDS)
