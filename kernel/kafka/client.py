"""Making the clients of kafka-python so that they do without its faults, as of 3.0."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, MessageSizeTooLargeError, StaleMetadata
from kafka.net.compat import KafkaNetClient

from kernel.errors import ChatlyError, KernelReason, unavailable

T = TypeVar("T")


def build_client(make: Callable[..., T], **options: Any) -> T:
    """`make(**options)`, a client. Blocks; raises KafkaError if no broker lets it in.

    By itself a client whose constructor fails leaves its thread running.
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
    """`build_client(KafkaConsumer, **options)`, which finds the new leader of a partition when it asks for offsets.

    By itself it asks the old one again, without a pause, for as long as its picture of the cluster lasts: 5 minutes.
    """
    consumer = build_client(KafkaConsumer, **options)
    fetcher = consumer._fetcher  # noqa: SLF001
    read_answer = fetcher._handle_list_offsets_response  # noqa: SLF001

    def read_all(answer: object) -> tuple[Mapping[TopicPartition, object], Collection[TopicPartition]]:
        found, refused = read_answer(answer)
        if refused:
            # What it takes for "look who leads, and try again".
            raise StaleMetadata(refused)
        return found, refused

    fetcher._handle_list_offsets_response = read_all  # noqa: SLF001
    return consumer


def wait_for_joins(consumer: KafkaConsumer, seconds: float) -> None:
    """Let a poll wait for a join of the group that has begun, beyond the poll's own time limit.

    By itself it forgets the answer to a join that comes between two polls: the member then holds no partition, sends
    no heartbeat, and does not join again.
    """
    coordinator = consumer._coordinator  # noqa: SLF001
    join = coordinator.ensure_active_group
    coordinator.ensure_active_group = lambda timeout_ms=None: join(timeout_ms=seconds * 1000)  # noqa: ARG005


def log_unavailable(detail: object) -> ChatlyError:
    """UNAVAILABLE `LOG_UNAVAILABLE`."""
    return unavailable(KernelReason.LOG_UNAVAILABLE, f"the event log does not answer: {detail}")


@contextmanager
def kafka_errors() -> Iterator[None]:
    """Turn what kafka-python raises while the brokers are away into ChatlyError UNAVAILABLE `LOG_UNAVAILABLE`."""
    try:
        yield
    except MessageSizeTooLargeError:
        raise  # no waiting makes it smaller
    except (KafkaError, OSError) as error:
        raise log_unavailable(error or type(error).__name__) from error
