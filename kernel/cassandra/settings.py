"""How to reach Cassandra. Opens no connection."""

import re

from kernel.replicas import ANY_DATACENTER
from kernel.settings import env, positive, settings
from kernel.tls import check_file

DEFAULT_PORT = 9042
_KEYSPACE = re.compile(r"[a-z][a-z0-9_]{0,47}")
_DATACENTER = re.compile(r"[A-Za-z0-9_.-]+")


def _check_keyspace(name: str) -> str | None:
    return None if _KEYSPACE.fullmatch(name) else f"must be a lower-case name of at most 48 characters, got {name!r}"


def _check_contact(points: tuple[str, ...]) -> str | None:
    if not points:
        return "must name at least one host"
    try:
        addresses(points)
    except ValueError as error:
        return str(error)
    return None


def _check_replication(replication: str) -> str | None:
    try:
        replication_options(replication)
    except ValueError as error:
        return str(error)
    return None


@settings
class CassandraSettings:
    """One cluster and one keyspace. A CA file turns TLS on."""

    contact_points: tuple[str, ...] = env(
        "CHATLY_CASSANDRA_CONTACT_POINTS", help="first nodes to contact: host[:port],...", check=_check_contact
    )
    keyspace: str = env(
        "CHATLY_CASSANDRA_KEYSPACE",
        default="chatly",
        help="keyspace; created if it does not exist",
        check=_check_keyspace,
    )
    replication: str = env(
        "CHATLY_CASSANDRA_REPLICATION",
        default="3",
        help="replicas of a new keyspace: a number, or datacenter:number,...; below 3, a lost disk may lose data",
        check=_check_replication,
    )
    local_datacenter: str = env(
        "CHATLY_CASSANDRA_LOCAL_DC",
        default="",
        help="datacenter to connect to; empty: the datacenter of the contact points",
    )
    username: str = env("CHATLY_CASSANDRA_USERNAME", default="", help="user name; empty: no authentication")
    password: str = env(
        "CHATLY_CASSANDRA_PASSWORD", default="", help="password of CHATLY_CASSANDRA_USERNAME", secret=True
    )
    ca_file: str = env(
        "CHATLY_CASSANDRA_CA_FILE",
        default="",
        help="PEM file of the CA that signed the nodes' certificates; turns TLS on",
        check=check_file,
    )
    tls_name: str = env(
        "CHATLY_CASSANDRA_TLS_NAME",
        default="",
        help="name that every node's certificate must carry (nodes are known by IP address only); empty: any name",
    )
    certificate_file: str = env(
        "CHATLY_CASSANDRA_CERT_FILE",
        default="",
        help="PEM file of the client certificate, for mutual TLS",
        check=check_file,
    )
    key_file: str = env(
        "CHATLY_CASSANDRA_KEY_FILE", default="", help="PEM file of the client certificate's key", check=check_file
    )
    request_seconds: float = env(
        "CHATLY_CASSANDRA_REQUEST_SECONDS", default=4.0, help="timeout of one request, in seconds", check=positive
    )
    max_in_flight: int = env(
        "CHATLY_CASSANDRA_MAX_IN_FLIGHT",
        default=256,
        help="maximum of concurrent requests per process; further requests wait",
        check=positive,
    )

    def where(self) -> str:
        """Describe the cluster for log and error messages."""
        return f"Cassandra at {', '.join(self.contact_points)}"


def addresses(contact_points: tuple[str, ...]) -> list[tuple[str, int]]:
    """Return host and port of each contact point; raise ValueError if a port is not a number."""
    return [_address(point) for point in contact_points]


def _address(point: str) -> tuple[str, int]:
    host, colon, port = point.rpartition(":")
    if not colon:
        return point, DEFAULT_PORT
    if not port.isdecimal():
        raise ValueError(f"{point!r} is not host:port")
    return host, int(port)


def replication_options(replication: str) -> dict[str, str]:
    """Return the CQL options for `3` or `dc1:3,dc2:2`; raise ValueError for anything else."""
    if replication.isdecimal() and int(replication) > 0:
        return {"class": "SimpleStrategy", "replication_factor": replication}
    options = {"class": "NetworkTopologyStrategy"}
    for part in replication.split(","):
        datacenter, _, copies = part.strip().rpartition(":")
        if not _DATACENTER.fullmatch(datacenter) or not copies.isdecimal():
            raise ValueError(f"must be a number of copies, or datacenter:number,..., got {replication!r}")
        options[datacenter] = copies
    return options


def replicas_by_datacenter(replication: str) -> dict[str, int]:
    """Return the number of replicas of each datacenter; `3` sets those of `ANY_DATACENTER`."""
    options = replication_options(replication)
    kind = options.pop("class")
    return {ANY_DATACENTER if kind == "SimpleStrategy" else name: int(count) for name, count in options.items()}


def replication_cql(replication: str) -> str:
    """Return the replication of a keyspace as a CQL map."""
    options = ", ".join(f"'{name}': '{value}'" for name, value in replication_options(replication).items())
    return f"{{{options}}}"
