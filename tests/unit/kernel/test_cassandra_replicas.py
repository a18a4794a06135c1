"""Replicas of a partition: the key is serialised as Cassandra does it."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from cassandra.cluster import Session
from cassandra.metadata import Murmur3Token

from kernel.cassandra.session import partition_replicas


class FakeTokens:
    """Two nodes: one has the negative tokens, the other one the rest."""

    token_class = Murmur3Token

    def get_replicas(self, keyspace: str, token: Murmur3Token) -> list[Any]:
        assert keyspace == "chatly"
        return [SimpleNamespace(address="one" if token.value < 0 else "two")]


def a_session(*, nodes: int = 2) -> Session:
    metadata = SimpleNamespace(token_map=FakeTokens(), all_hosts=lambda: list(range(nodes)))
    return cast("Session", SimpleNamespace(cluster=SimpleNamespace(metadata=metadata), keyspace="chatly"))


@pytest.mark.parametrize(
    ("key", "routing_key"),
    [
        (("chat",), b"chat"),
        (("chat", 5), b"\x00\x04chat\x00\x00\x04\x00\x00\x00\x05\x00"),
        (("ä", -1), b"\x00\x02\xc3\xa4\x00\x00\x04\xff\xff\xff\xff\x00"),
    ],
)
def test_replicas_are_those_of_the_token_of_the_key(key: tuple[str | int, ...], routing_key: bytes) -> None:
    expected = "one" if Murmur3Token.from_key(routing_key).value < 0 else "two"

    assert partition_replicas(a_session(), key) == frozenset({expected})


def test_a_single_node_has_all_partitions() -> None:
    assert partition_replicas(a_session(nodes=1), ("a",)) == partition_replicas(a_session(nodes=1), ("b", 1))


def test_keys_of_different_nodes_have_different_replicas() -> None:
    places = {partition_replicas(a_session(), (f"chat {number}",)) for number in range(20)}

    assert len(places) == 2
