"""Shared parts of secured engines: certificates of a local authority, and one user with a password."""

import fcntl
from dataclasses import dataclass
from pathlib import Path

from engines.certificates import Authority, Pair
from engines.settings import EngineSettings

USER = "chatly"
PASSWORD = "engines-of-this-machine"  # noqa: S105 servers for tests

CASSANDRA_USER = "cassandra"
"""Cassandra's first user, whose default password equals the name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """TLS on every client connection, with the name and password of `USER`."""

    ca: Path
    pair: Pair


def security(settings: EngineSettings) -> Security | None:
    """Return the security files of a set of engines, created on first use; None if the engines are not secured.

    The certificate names the addresses that the engines listen on, and no host name: a client that uses `localhost`
    gets a host name mismatch.
    """
    if not settings.secured:
        return None
    folder = settings.data / "certificates"
    folder.mkdir(parents=True, exist_ok=True)
    base = folder / "engine"
    pair = Pair(certificate=base.with_suffix(".crt"), key=base.with_suffix(".key"), both=base.with_suffix(".pem"))
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not pair.both.exists():
            patterns = (settings.kafka_host, settings.cassandra_host, settings.redis_host, settings.s3_host)
            hosts = {pattern.format(node) for pattern in patterns for node in range(1, settings.nodes + 1)}
            pair = Authority(folder).issue("engine", sorted(hosts))
    return Security(ca=folder / "ca.crt", pair=pair)


def client_settings(security: Security, *, redis: str, s3: str) -> dict[str, str]:
    """Return the settings that Chatly needs besides addresses. `redis` and `s3` are `host:port`."""
    return {
        "CHATLY_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "CHATLY_KAFKA_USERNAME": USER,
        "CHATLY_KAFKA_PASSWORD": PASSWORD,
        "CHATLY_KAFKA_CA_FILE": str(security.ca),
        "CHATLY_CASSANDRA_USERNAME": CASSANDRA_USER,
        "CHATLY_CASSANDRA_PASSWORD": CASSANDRA_USER,
        "CHATLY_CASSANDRA_CA_FILE": str(security.ca),
        "CHATLY_REDIS_URL": f"rediss://{USER}@{redis}/0",
        "CHATLY_REDIS_PASSWORD": PASSWORD,
        "CHATLY_REDIS_CA_FILE": str(security.ca),
        "CHATLY_S3_ENDPOINT": f"https://{s3}",
        "CHATLY_S3_CA_FILE": str(security.ca),
    }
