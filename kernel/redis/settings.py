"""How to reach Redis. Opens no connection."""

from urllib.parse import urlsplit

from kernel.settings import env, positive, settings
from kernel.tls import check_file

_SCHEMES = ("redis", "rediss", "redis+cluster", "rediss+cluster")


def _check_url(url: str) -> str | None:
    if urlsplit(url).scheme in _SCHEMES:
        return None
    return "must start with " + ", ".join(f"{scheme}://" for scheme in _SCHEMES)


@settings
class RedisSettings:
    """One Redis, or one cluster."""

    url: str = env(
        "CHATLY_REDIS_URL",
        help="redis://host:port/0; rediss:// with TLS; redis+cluster:// or rediss+cluster:// and one node of a cluster",
        secret=True,
        check=_check_url,
    )
    password: str = env("CHATLY_REDIS_PASSWORD", default="", help="password, if the URL contains none", secret=True)
    ca_file: str = env(
        "CHATLY_REDIS_CA_FILE",
        default="",
        help="PEM file of the CA that signed the server's certificate; empty: the system's CA list",
        check=check_file,
    )
    check_name: bool = env(
        "CHATLY_REDIS_CHECK_NAME",
        default=True,
        help="check that the certificate matches the address; false for a cluster that announces IP addresses",
    )
    prefix: str = env(
        "CHATLY_REDIS_PREFIX",
        default="",
        help="prefix of every key and channel, for a Redis shared with other programs",
    )
    shards: int = env(
        "CHATLY_REDIS_LANES",
        default=1,
        help="shards of the live bus, spread over a cluster's nodes; must be the same in all processes",
        check=positive,
    )
