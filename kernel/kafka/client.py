"""Builds clients of kafka-python with workarounds for its bugs (version 3.0), and converts its errors."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, MessageSizeTooLargeError, StaleMetadata
from kafka.net.compat import KafkaNetClient

from kernel.errors import ChatlyError, KernelReason, unavailable

T = TypeVar("T")


def build_client(make: Callable[..., T], **options: Any) -> T:
    """Return the client `make(**options)`. Block until a broker accepts it; raise KafkaError if none does.

    Without this function, a client whose constructor fails leaves its thread running.
    """
    connections: list[KafkaNetClient] = []

    def connection(**configs: Any) -> KafkaNetClient:
        connections.append(KafkaNetClient(**configs))
        return connections[-1]

    try:
        return make(kafka_client=connection, **options)
    except BaseException:
        for each in connections:
            each.close()
        raise


def build_consumer(**options: Any) -> KafkaConsumer:
    """Return a KafkaConsumer that finds the new leader of a partition when it asks for offsets.

    Without the workaround, the consumer asks the old leader, without a pause, until its metadata expires after 5
    minutes.
    """
    consumer = build_client(KafkaConsumer, **options)
    fetcher = consumer._fetcher  # noqa: SLF001
    read_response = fetcher._handle_list_offsets_response  # noqa: SLF001

    def read_all(response: object) -> tuple[Mapping[TopicPartition, object], Collection[TopicPartition]]:
        found, refused = read_response(response)
        if refused:
            # This error makes the driver refresh its metadata and retry.
            raise StaleMetadata(refused)
        return found, refused

    fetcher._handle_list_offsets_response = read_all  # noqa: SLF001
    return consumer


def wait_for_joins(consumer: KafkaConsumer, seconds: float) -> None:
    """Make a poll wait until a join of the group has finished, even beyond the time limit of the poll.

    Without the workaround, a consumer loses the response to a join that arrives between two polls. Then the member has
    no partition, sends no heartbeat, and does not join again.
    """
    coordinator = consumer._coordinator  # noqa: SLF001
    join = coordinator.ensure_active_group
    coordinator.ensure_active_group = lambda timeout_ms=None: join(timeout_ms=seconds * 1000)  # noqa: ARG005


def log_unavailable(detail: object) -> ChatlyError:
    """Build an UNAVAILABLE error with the reason `LOG_UNAVAILABLE`."""
    return unavailable(KernelReason.LOG_UNAVAILABLE, f"the event log does not answer: {detail}")


@contextmanager
def kafka_errors() -> Iterator[None]:
    """Convert errors of kafka-python to UNAVAILABLE `LOG_UNAVAILABLE`, except for a record that is too large."""
    try:
        yield
    except MessageSizeTooLargeError:
        raise  # a retry would fail the same way
    except (KafkaError, OSError) as error:
        raise log_unavailable(error or type(error).__name__) from error
