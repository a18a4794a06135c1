"""Auth's stores over one Cassandra session. The caller opens and closes the session."""

from dataclasses import dataclass

from kernel.cassandra.schema import Schema, read_schema
from kernel.cassandra.session import CassandraSession
from kernel.time import Clock
from services.auth.adapters.cassandra.blocks_and_keys import CassandraBlocks, CassandraKeys
from services.auth.adapters.cassandra.erasures import CassandraErasures
from services.auth.adapters.cassandra.name_index import CassandraDirectory, CassandraNameIndex
from services.auth.adapters.cassandra.sessions import CassandraRefreshTokens, CassandraSessions
from services.auth.adapters.cassandra.user_rows import CassandraUserRows
from services.auth.adapters.cassandra.users import CassandraUsers


@dataclass(frozen=True, slots=True, kw_only=True)
class CassandraAuthStores:
    """The adapters of auth's ports. An adapter that implements several ports appears once."""

    users: CassandraUsers
    directory: CassandraDirectory
    sessions: CassandraSessions
    refresh_tokens: CassandraRefreshTokens
    keys: CassandraKeys
    blocks: CassandraBlocks
    erasures: CassandraErasures


def auth_schema() -> Schema:
    """Return the schema that auth's stores need."""
    return read_schema("auth", "services.auth.adapters.cassandra.migrations")


def open_cassandra_auth_stores(session: CassandraSession, *, clock: Clock) -> CassandraAuthStores:
    """Build the stores. This sends no query."""
    rows, index, tokens = CassandraUserRows(session), CassandraNameIndex(session), CassandraRefreshTokens(session)
    return CassandraAuthStores(
        users=CassandraUsers(session, rows=rows, index=index, clock=clock),
        directory=CassandraDirectory(rows=rows, index=index),
        sessions=CassandraSessions(session, tokens=tokens, clock=clock),
        refresh_tokens=tokens,
        keys=CassandraKeys(session),
        blocks=CassandraBlocks(session),
        erasures=CassandraErasures(session),
    )
