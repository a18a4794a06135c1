"""Auth's stores over one session with Cassandra, which somebody else opens and closes."""

from dataclasses import dataclass

from kernel.cassandra.schema import Schema, read_schema
from kernel.cassandra.session import CassandraSession
from kernel.time import Clock
from services.auth.adapters.cassandra.blocks import CassandraBlocks
from services.auth.adapters.cassandra.directory import CassandraDirectory
from services.auth.adapters.cassandra.keys import CassandraKeys
from services.auth.adapters.cassandra.name_index import CassandraNameIndex
from services.auth.adapters.cassandra.refresh_tokens import CassandraRefreshTokens
from services.auth.adapters.cassandra.sessions import CassandraSessions
from services.auth.adapters.cassandra.user_rows import CassandraUserRows
from services.auth.adapters.cassandra.users import CassandraUsers


@dataclass(frozen=True, slots=True, kw_only=True)
class CassandraAuthStores:
    """One adapter may implement several ports."""

    users: CassandraUsers
    directory: CassandraDirectory
    sessions: CassandraSessions
    refresh_tokens: CassandraRefreshTokens
    keys: CassandraKeys
    blocks: CassandraBlocks


def auth_schema() -> Schema:
    """The tables that the session must have been opened with."""
    return read_schema("auth", "services.auth.adapters.cassandra.migrations")


def open_cassandra_auth_stores(session: CassandraSession, *, clock: Clock) -> CassandraAuthStores:
    """Asks nothing of Cassandra yet."""
    rows, index, tokens = CassandraUserRows(session), CassandraNameIndex(session), CassandraRefreshTokens(session)
    return CassandraAuthStores(
        users=CassandraUsers(session, rows=rows, index=index, clock=clock),
        directory=CassandraDirectory(rows=rows, index=index),
        sessions=CassandraSessions(session, tokens=tokens, clock=clock),
        refresh_tokens=tokens,
        keys=CassandraKeys(session),
        blocks=CassandraBlocks(session),
    )
