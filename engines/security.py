"""What secured engines share: certificates of their own making, and one user with a password."""

import fcntl
from dataclasses import dataclass
from pathlib import Path

from engines.certificates import Authority, Pair
from engines.settings import EngineSettings

USER = "chatly"
PASSWORD = "engines-of-this-machine"  # noqa: S105 servers for tests

CASSANDRA_USER = "cassandra"
"""Its first user, whose password is the same word until somebody changes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """TLS on every connection of a client, who must know the password of `USER`."""

    ca: Path
    pair: Pair


def security(settings: EngineSettings) -> Security | None:
    """The files of a set of engines, made when first asked for; None: they are not secured.

    The certificate is for the addresses that the engines listen on, and for no name: whoever comes by another one, as
    `localhost` is, sees that they do not agree.
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
    """What Chatly must be told beside addresses; `redis` and `s3`: where these are, `host:port`."""
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
