"""Settings of the presence service."""

from kernel.settings import env, positive, settings


@settings
class PresenceSettings:
    """Durations are seconds."""

    grace_seconds: float = env(
        "CHATLY_PRESENCE_GRACE_SECONDS",
        default=10.0,
        help="how long a user stays online after their last device went; also the life of a lease",
        check=positive,
    )
    renew_seconds: float = env(
        "CHATLY_PRESENCE_RENEW_SECONDS",
        default=3.0,
        help="how often leases are renewed; at least three times in their life",
        check=positive,
    )
    flush_seconds: float = env(
        "CHATLY_PRESENCE_FLUSH_SECONDS",
        default=0.25,
        help="least time between two answers of a stream",
        check=positive,
    )
    keep_alive_seconds: float = env(
        "CHATLY_PRESENCE_KEEP_ALIVE_SECONDS",
        default=15.0,
        help="a silent stream gets an empty answer so often",
        check=positive,
    )
    sweep_seconds: float = env(
        "CHATLY_PRESENCE_SWEEP_SECONDS",
        default=0.5,
        help="how often leases and statuses are looked through",
        check=positive,
    )
    contacts_seconds: float = env(
        "CHATLY_PRESENCE_CONTACTS_SECONDS",
        default=30.0,
        help="age at which a contact list is asked for again",
        check=positive,
    )
    reconnect_spread_seconds: float = env(
        "CHATLY_PRESENCE_RECONNECT_SPREAD_SECONDS",
        default=3.0,
        help="on shutdown streams are asked to come back within this time, spread by chance",
        check=positive,
    )
