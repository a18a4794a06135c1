"""Compares the replicas of the keyspace with `CHATLY_CASSANDRA_REPLICATION`."""

from collections.abc import Mapping

from cassandra.metadata import Metadata, NetworkTopologyStrategy, SimpleStrategy

from kernel.cassandra.settings import CassandraSettings, replicas_by_datacenter, replication_cql
from kernel.replicas import ANY_DATACENTER, SAFE_REPLICAS, ReplicaFault, plural


def lack_of_nodes(settings: CassandraSettings, metadata: Metadata) -> str | None:
    """Return which datacenter has fewer nodes than it should have replicas, or None."""
    nodes = {ANY_DATACENTER: 0}
    for host in metadata.all_hosts():
        for name in (ANY_DATACENTER, host.datacenter):
            nodes[name] = nodes.get(name, 0) + 1
    for name, replicas in replicas_by_datacenter(settings.replication).items():
        if (count := nodes.get(name, 0)) < replicas:
            where = f"the datacenter {name} of Cassandra" if name else "Cassandra"
            return f"{where} has {plural(count, 'node')}, CHATLY_CASSANDRA_REPLICATION is {settings.replication}"
    return None


def keyspace_faults(settings: CassandraSettings, metadata: Metadata) -> list[ReplicaFault]:
    """Return what is less safe than the setting, or than three replicas."""
    faults = [*_chosen(settings)]
    if lack := lack_of_nodes(settings, metadata):
        remedy = "Start more nodes; or set CHATLY_CASSANDRA_REPLICATION to the number that you want."
        faults.append(ReplicaFault(lack, remedy))
    found = _replicas_of_keyspace(settings, metadata)
    if found and any(_found_in(found, name) < count for name, count in _wanted(settings).items()):
        faults.append(_too_few_replicas(settings, found))
    return faults


def _chosen(settings: CassandraSettings) -> list[ReplicaFault]:
    fewest = min(_wanted(settings).values())
    if fewest >= SAFE_REPLICAS:
        return []
    cost = (
        "one lost disk loses its accounts and all messages that the log no longer has"
        if fewest == 1
        else "one stopped node stops reading and storing, because a quorum of 2 replicas is both of them"
    )
    return [
        ReplicaFault(
            f"CHATLY_CASSANDRA_REPLICATION is {settings.replication}: {cost}",
            f"Use {SAFE_REPLICAS} nodes, and set CHATLY_CASSANDRA_REPLICATION=3 (or datacenter:3,...).",
            chosen=True,
        )
    ]


def _too_few_replicas(settings: CassandraSettings, found: Mapping[str, int]) -> ReplicaFault:
    has = ",".join(f"{name}:{count}" if name else str(count) for name, count in found.items())
    change = f"ALTER KEYSPACE {settings.keyspace} WITH replication = {replication_cql(settings.replication)}"
    return ReplicaFault(
        f"the keyspace {settings.keyspace} has {has} as replication,"
        f" CHATLY_CASSANDRA_REPLICATION is {settings.replication}",
        f'Run: cqlsh -e "{change}", and then on every node: nodetool repair --full {settings.keyspace}',
    )


def _wanted(settings: CassandraSettings) -> Mapping[str, int]:
    return replicas_by_datacenter(settings.replication)


def _found_in(found: Mapping[str, int], datacenter: str) -> int:
    """Return the replicas in a datacenter. A setting without datacenters is met by each datacenter that has enough."""
    return min(found.values()) if datacenter == ANY_DATACENTER else found.get(datacenter, 0)


def _replicas_of_keyspace(settings: CassandraSettings, metadata: Metadata) -> Mapping[str, int]:
    """Return the replicas by datacenter; nothing if the keyspace does not exist or has a strategy of its own."""
    keyspace = metadata.keyspaces.get(settings.keyspace)
    strategy = keyspace.replication_strategy if keyspace else None
    if isinstance(strategy, SimpleStrategy):
        return {ANY_DATACENTER: strategy.replication_factor}
    return dict(strategy.dc_replication_factors) if isinstance(strategy, NetworkTopologyStrategy) else {}
