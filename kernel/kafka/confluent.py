"""The producer of confluent-kafka, whose C library sends and receives in its own threads."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from confluent_kafka import KafkaError as DriverError
from confluent_kafka import KafkaException, Message
from confluent_kafka import Producer as Driver
from kafka.errors import KafkaError, MessageSizeTooLargeError

from kernel.kafka.append import Sent
from kernel.kafka.settings import MAX_RECORD_BYTES, KafkaSettings

_CLOSE_SECONDS = 2.0
_METADATA_SECONDS = 3.0
# The longest wait of the thread that takes results. Closing waits until it ends.
_POLL_SECONDS = 0.2


class ConfluentProducer:
    """Producer over confluent-kafka. One thread takes the results of all records and calls their callbacks."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._topic = settings.topic
        self._driver = Driver(producer_options(settings))
        self._closing = False
        with _driver_errors():
            # Also loads the partitions of the topic. A driver that fails here is freed with its threads.
            self._driver.list_topics(settings.topic, timeout=min(settings.append_seconds, _METADATA_SECONDS))
        self._thread = threading.Thread(target=self._take_results, name="kafka-producer", daemon=True)
        self._thread.start()

    def send(self, partition: int, key: bytes, value: bytes, done: Sent) -> None:
        def report(error: DriverError | None, message: Message) -> None:
            if error is not None:
                return done(KafkaError(error.str()))
            offset = message.offset()
            # There is none if the broker refused a repeated batch as a duplicate.
            return done(-1 if offset is None else offset)

        with _driver_errors():
            self._driver.produce(self._topic, value, key, partition, on_delivery=report)

    def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        self._driver.flush(_CLOSE_SECONDS)
        # Fails the records that are still waiting, so that the driver does not send them after its successor's.
        self._driver.purge()
        self._driver.flush(_CLOSE_SECONDS)
        self._thread.join()
        self._driver.close()

    def _take_results(self) -> None:
        while not self._closing:
            self._driver.poll(_POLL_SECONDS)


def producer_options(settings: KafkaSettings) -> dict[str, Any]:
    """Return the options of the driver: the same connections and guarantees as those of kafka-python."""
    options: dict[str, Any] = {
        "bootstrap.servers": ",".join(settings.bootstrap),
        "security.protocol": settings.security_protocol,
        "acks": "all",
        "enable.idempotence": True,
        "linger.ms": 0,
        "delivery.timeout.ms": settings.delivery_ms,
        "request.timeout.ms": settings.request_ms,
        "message.max.bytes": MAX_RECORD_BYTES,
        "allow.auto.create.topics": False,
        # By default, the driver waits up to 10 s before it reconnects.
        "reconnect.backoff.max.ms": 500,
        # The driver prints failed connections to stderr. This adapter logs each change once.
        "log_level": 0,
    }
    if "SASL" in settings.security_protocol:
        options["sasl.mechanism"] = settings.sasl_mechanism
        options["sasl.username"] = settings.username
        options["sasl.password"] = settings.password
    if settings.secured:
        system = ssl.get_default_verify_paths()
        options["ssl.ca.location"] = settings.ca_file or system.cafile or system.capath or "probe"
    if settings.secured and settings.certificate_file:
        options["ssl.certificate.location"] = settings.certificate_file
        options["ssl.key.location"] = settings.key_file or settings.certificate_file
    return options


@contextmanager
def _driver_errors() -> Iterator[None]:
    """Convert errors of the driver to those of kafka-python."""
    try:
        yield
    except KafkaException as error:
        reason = error.args[0]
        if reason.code() == DriverError.MSG_SIZE_TOO_LARGE:
            raise MessageSizeTooLargeError(reason.str()) from error
        raise KafkaError(reason.str()) from error
    except (BufferError, RuntimeError) as error:  # its queue is full, or it is closed
        raise KafkaError(str(error)) from error
