"""Settings of the presence service."""

from kernel.settings import env, settings


def _positive(value: float) -> str | None:
    return None if value > 0 else "must be greater than 0"


@settings
class PresenceSettings:
    """Durations are seconds."""

    grace_seconds: float = env(
        "CHATLY_PRESENCE_GRACE_SECONDS",
        default=10.0,
        help="how long a user stays online after their last device went; also the life of a lease",
        check=_positive,
    )
    renew_seconds: float = env(
        "CHATLY_PRESENCE_RENEW_SECONDS",
        default=3.0,
        help="how often leases are renewed; at least three times in their life",
        check=_positive,
    )
    flush_seconds: float = env(
        "CHATLY_PRESENCE_FLUSH_SECONDS",
        default=0.25,
        help="least time between two answers of a stream",
        check=_positive,
    )
    keep_alive_seconds: float = env(
        "CHATLY_PRESENCE_KEEP_ALIVE_SECONDS",
        default=15.0,
        help="a silent stream gets an empty answer so often",
        check=_positive,
    )
    sweep_seconds: float = env(
        "CHATLY_PRESENCE_SWEEP_SECONDS",
        default=0.5,
        help="how often leases and statuses are looked through",
        check=_positive,
    )
    contacts_seconds: float = env(
        "CHATLY_PRESENCE_CONTACTS_SECONDS",
        default=30.0,
        help="age at which a contact list is asked for again",
        check=_positive,
    )
    reconnect_spread_seconds: float = env(
        "CHATLY_PRESENCE_RECONNECT_SPREAD_SECONDS",
        default=3.0,
        help="on shutdown streams are asked to come back within this time, spread by chance",
        check=_positive,
    )
