"""Making the clients of kafka-python so that one which finds no broker leaves nothing behind."""

from collections.abc import Callable
from typing import Any, TypeVar

from kafka.net.compat import KafkaNetClient

T = TypeVar("T")


def made(make: Callable[..., T], **options: Any) -> T:
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
