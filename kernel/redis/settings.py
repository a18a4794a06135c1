"""Where Redis is, and who we are to it. Nothing here connects."""

from urllib.parse import urlsplit

from kernel.settings import env, positive, settings
from kernel.tls import readable

_SCHEMES = ("redis", "rediss", "redis+cluster", "rediss+cluster")


def _wrong_url(url: str) -> str | None:
    if urlsplit(url).scheme in _SCHEMES:
        return None
    return "must begin with " + ", ".join(f"{scheme}://" for scheme in _SCHEMES)


@settings
class RedisSettings:
    """Where Redis is."""

    url: str = env(
        "CHATLY_REDIS_URL",
        help="redis://host:port/0; rediss:// with TLS; redis+cluster:// or rediss+cluster:// and one node of a cluster",
        secret=True,
        check=_wrong_url,
    )
    password: str = env("CHATLY_REDIS_PASSWORD", default="", help="instead of one in the URL", secret=True)
    ca_file: str = env(
        "CHATLY_REDIS_CA_FILE",
        default="",
        help="who signed the server's certificate; empty: the system knows",
        check=readable,
    )
    check_name: bool = env(
        "CHATLY_REDIS_CHECK_NAME",
        default=True,
        help="whether the certificate must be for the address; false for a cluster that tells of its nodes by number",
    )
    prefix: str = env(
        "CHATLY_REDIS_PREFIX", default="", help="begins every key and channel, for a Redis that others use too"
    )
    lanes: int = env(
        "CHATLY_REDIS_LANES",
        default=1,
        help="parts of the live bus, spread over a cluster's nodes; the same in all processes",
        check=positive,
    )
