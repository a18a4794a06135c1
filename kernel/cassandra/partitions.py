"""Which nodes of Cassandra hold what."""

from collections.abc import Hashable, Sequence

from cassandra.cluster import Session


def replicas_of(session: Session, key: Sequence[str | int]) -> Hashable:
    """The nodes that hold the partition with this key, in no order; None where that is the same for all partitions."""
    metadata = session.cluster.metadata
    tokens = metadata.token_map
    if tokens is None or len(metadata.all_hosts()) == 1:
        return None
    replicas = tokens.get_replicas(session.keyspace, tokens.token_class.from_key(_routing_key(key)))
    return frozenset(host.address for host in replicas)


def _routing_key(key: Sequence[str | int]) -> bytes:
    """As Cassandra writes a partition's key: the value, or each with its length before it and a zero behind."""
    values = [value.encode() if isinstance(value, str) else value.to_bytes(4, "big", signed=True) for value in key]
    if len(values) == 1:
        return values[0]
    return b"".join(len(value).to_bytes(2, "big") + value + b"\0" for value in values)
