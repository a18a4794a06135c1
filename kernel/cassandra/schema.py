"""Versioned schema scripts for Cassandra, run by the program itself. Contains no tables.

The functions block: they run once, in the thread that connects.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from uuid import UUID, uuid4, uuid5

from cassandra.cluster import Session
from cassandra.metadata import protect_name

from kernel.cassandra.replication import lack_of_nodes
from kernel.cassandra.settings import CassandraSettings, replication_cql

_LOCK_SECONDS = 60
# Cassandra is slow while several nodes create tables. A shorter timeout would cause retries, which slow it down more.
_ANSWER_SECONDS = 30.0
_RETRY_SECONDS = 0.2
_NAMES = UUID("f9f7e3a5-3cb8-4f43-a7c1-0a3a0be0c41c")


class SchemaError(Exception):
    """This program cannot use the schema. The text says why."""


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of one owner. `scripts[n]` migrates version n to n + 1. Its statements must be safe to repeat."""

    owner: str
    scripts: tuple[str, ...]


def read_schema(owner: str, package: str) -> Schema:
    """Return the schema of an owner. `package` contains its scripts `0001_….cql`, `0002_….cql` and so on."""
    files = sorted(resources.files(package).iterdir(), key=lambda file: file.name)
    scripts = [file for file in files if file.name.endswith(".cql")]
    for number, file in enumerate(scripts, 1):
        if not file.name.startswith(f"{number:04}_"):
            raise SchemaError(f"{owner}: expected a script {number:04}_….cql, found {file.name}")
    return Schema(owner, tuple(file.read_text(encoding="utf-8") for file in scripts))


def statements_of(script: str) -> list[str]:
    """Return the statements of a script, without comments. Each ends with a semicolon at the end of a line."""
    lines = [line for line in script.splitlines() if not line.lstrip().startswith("--")]
    parts = "\n".join(lines).split(";\n")
    return [statement for part in parts if (statement := part.strip().rstrip(";"))]


def create_keyspace(session: Session, settings: CassandraSettings) -> None:
    """Create the keyspace if it does not exist, and use it. Raise SchemaError if there are too few nodes for it."""
    keyspace = settings.keyspace
    if keyspace not in session.cluster.metadata.keyspaces:
        if lack := lack_of_nodes(settings, session.cluster.metadata):
            raise SchemaError(f"{lack}: start more nodes, or set it to the number of replicas that you want")
        replication = replication_cql(settings.replication)
        _change(session, f"CREATE KEYSPACE IF NOT EXISTS {protect_name(keyspace)} WITH replication = {replication}")
    session.set_keyspace(keyspace)
    known = session.cluster.metadata.keyspaces.get(keyspace)
    if known is None or "schema_versions" not in known.tables:
        _change(session, _versions_table(keyspace))


def migrate(session: Session, schema: Schema, *, stopped: Callable[[], bool] = lambda: False) -> None:
    """Migrate the tables of the owner to the newest version. Of several nodes, one migrates and the others wait.

    Raise SchemaError if a newer program has migrated them. Return early once `stopped()` is true.
    """
    holder = uuid4()
    while not stopped():
        version, locked = _state(session, schema)
        if version == len(schema.scripts):
            return
        # Ask for the lock only if it is free: asking is expensive for Cassandra while it creates tables.
        if not locked and _lock(session, schema.owner, holder, was=None):
            try:
                _run_next(session, schema, holder)
            finally:
                _unlock(session, schema.owner, holder)
        else:
            time.sleep(_RETRY_SECONDS)


def _state(session: Session, schema: Schema) -> tuple[int, bool]:
    """Return the schema version, and whether a node holds the lock. Raise SchemaError if the version is too new."""
    query = "SELECT version, holder FROM schema_versions WHERE owner = %s"
    row = session.execute(query, (schema.owner,), timeout=_ANSWER_SECONDS).one()
    version: int = (row and row["version"]) or 0
    if version > len(schema.scripts):
        raise SchemaError(
            f"the tables of {schema.owner} have schema version {version}, this program knows {len(schema.scripts)}:"
            " use a newer program"
        )
    return version, bool(row and row["holder"])


def _run_next(session: Session, schema: Schema, holder: UUID) -> None:
    """Migrate by one version, while this node holds the lock."""
    version, _ = _state(session, schema)
    if version == len(schema.scripts):
        return
    for statement in statements_of(schema.scripts[version]):
        if not _lock(session, schema.owner, holder, was=holder):
            return
        _change(session, statement)
    session.execute(
        "UPDATE schema_versions SET version = %s WHERE owner = %s IF holder = %s",
        (version + 1, schema.owner, holder),
        timeout=_ANSWER_SECONDS,
    )


def _lock(session: Session, owner: str, holder: UUID, *, was: UUID | None) -> bool:
    """Take the lock (`was=None`) or extend it (`was=holder`), and return whether that succeeded.

    The lock expires if its holder dies.
    """
    taken = session.execute(
        "UPDATE schema_versions USING TTL %s SET holder = %s WHERE owner = %s IF holder = %s",
        (_LOCK_SECONDS, holder, owner, was),
        timeout=_ANSWER_SECONDS,
    )
    applied: bool = taken.was_applied
    return applied


def _unlock(session: Session, owner: str, holder: UUID) -> None:
    session.execute(
        "UPDATE schema_versions SET holder = null WHERE owner = %s IF holder = %s",
        (owner, holder),
        timeout=_ANSWER_SECONDS,
    )


def _change(session: Session, statement: str) -> None:
    """Run one statement, and wait until all nodes have the new schema."""
    result = session.execute(statement, timeout=_LOCK_SECONDS)
    if not result.response_future.is_schema_agreed:
        raise SchemaError("the nodes do not agree on the schema yet")


def _versions_table(keyspace: str) -> str:
    # Several nodes may create the table at the same time. The fixed id makes them create the same table.
    identity = uuid5(_NAMES, keyspace)
    return (
        "CREATE TABLE IF NOT EXISTS schema_versions (owner text PRIMARY KEY, version int, holder uuid)"
        f" WITH id = {identity}"
    )
