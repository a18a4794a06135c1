"""Connects to Cassandra, and creates keyspace and tables. Blocks: run it in a thread."""

import logging
import socket
import ssl
import threading
from collections.abc import Callable, Sequence

from cassandra import AuthenticationFailed, ConsistencyLevel, Unauthorized
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, NoHostAvailable, Session
from cassandra.io.libevreactor import LibevConnection
from cassandra.metadata import Metadata
from cassandra.policies import ConstantReconnectionPolicy, DCAwareRoundRobinPolicy, TokenAwarePolicy
from cassandra.query import dict_factory

from kernel.cassandra.schema import Schema, create_keyspace, migrate
from kernel.cassandra.settings import CassandraSettings, addresses
from kernel.time import Clock, to_micros
from kernel.tls import client_context, tls_problem

_HEARTBEAT_SECONDS = 2
# Longer than the pauses of a busy node or of its garbage collection: pauses must not close connections.
_SILENCE_SECONDS = 4
_RECONNECT_SECONDS = 1.0
_CONNECT_SECONDS = 5.0
# The driver reads the schema after each schema change. Its default timeout of 2 s is too short for a busy machine.
_SCHEMA_SECONDS = 15.0
# The driver sends a large request in parts. Without this option, the last part waits 40 ms until the other parts are
# acknowledged.
_NO_DELAY = (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


class WriteTimes:
    """Growing timestamps, in microseconds since 1970, for writes without a timestamp of their own.

    The driver's own timestamps follow the machine's clock: after it was ahead, they would stay ahead.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0
        self._lock = threading.Lock()

    def __call__(self) -> int:
        with self._lock:
            self._last = max(to_micros(self._clock.now()), self._last + 1)
            return self._last


def connect(
    settings: CassandraSettings,
    schemas: Sequence[Schema],
    *,
    stopped: Callable[[], bool],
    write_times: Callable[[], int],
) -> Session:
    """Connect, create the keyspace and migrate the schemas. Try once; `describe` turns the error into a text."""
    # The driver would log every failed attempt. The caller logs each problem once.
    logging.getLogger("cassandra").setLevel(logging.CRITICAL)
    cluster = _cluster(settings, write_times)
    try:
        session = cluster.connect()
        create_keyspace(session, settings)
        for schema in schemas:
            migrate(session, schema, stopped=stopped)
    except BaseException:
        cluster.shutdown()
        raise
    return session


def read_metadata(settings: CassandraSettings) -> Metadata:
    """Return the nodes and keyspaces of the cluster; create nothing. `describe` turns an error into a text."""
    cluster = _cluster(settings)
    try:
        cluster.connect()
        return cluster.metadata
    finally:
        cluster.shutdown()


def describe(error: Exception) -> str:
    """Return one line about a failed attempt or request."""
    reasons: list[object] = [error]
    if isinstance(error, NoHostAvailable):
        # Errors by node. The text of the whole error contains representations of driver objects.
        each = error.errors.values() if isinstance(error.errors, dict) else ()
        reasons = [reason for reason in each if reason] or list(error.args[:1])
    return "; ".join(dict.fromkeys(_describe_one(reason) for reason in reasons))


def _describe_one(reason: object) -> str:
    if isinstance(reason, BaseException):
        if problem := tls_problem(reason, trust="CHATLY_CASSANDRA_CA_FILE", name="CHATLY_CASSANDRA_TLS_NAME"):
            return problem
        if isinstance(reason, (AuthenticationFailed, Unauthorized)):
            return f"{_one_line(reason)} (see CHATLY_CASSANDRA_USERNAME, CHATLY_CASSANDRA_PASSWORD)"
    return _one_line(reason)


def _one_line(reason: object) -> str:
    return " ".join(str(reason).split())


def _cluster(settings: CassandraSettings, write_times: Callable[[], int] | None = None) -> Cluster:
    balance = DCAwareRoundRobinPolicy(settings.local_datacenter)
    profile = ExecutionProfile(
        load_balancing_policy=TokenAwarePolicy(balance),
        consistency_level=ConsistencyLevel.LOCAL_QUORUM,
        serial_consistency_level=ConsistencyLevel.LOCAL_SERIAL,
        request_timeout=settings.request_seconds,
        row_factory=dict_factory,
    )
    points = addresses(settings.contact_points)
    return Cluster(
        contact_points=points,
        port=points[0][1],
        connection_class=LibevConnection,
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        # With the default policy, the driver may wait for minutes before it reconnects after a long outage.
        reconnection_policy=ConstantReconnectionPolicy(_RECONNECT_SECONDS, None),
        connect_timeout=_CONNECT_SECONDS,
        control_connection_timeout=_SCHEMA_SECONDS,
        # With the default interval, a node that hangs or is disconnected counts as down only a minute later.
        idle_heartbeat_interval=_HEARTBEAT_SECONDS,
        idle_heartbeat_timeout=_SILENCE_SECONDS,
        auth_provider=PlainTextAuthProvider(settings.username, settings.password) if settings.username else None,
        ssl_context=_tls(settings),
        ssl_options={"server_hostname": settings.tls_name} if settings.ca_file and settings.tls_name else None,
        sockopts=[_NO_DELAY],
        timestamp_generator=write_times,
    )


def _tls(settings: CassandraSettings) -> ssl.SSLContext | None:
    if not settings.ca_file:
        return None
    context = client_context(
        ca_file=settings.ca_file, certificate_file=settings.certificate_file, key_file=settings.key_file
    )
    # The driver connects to the addresses that the cluster reports. Certificates seldom contain these addresses.
    context.check_hostname = bool(settings.tls_name)
    return context
