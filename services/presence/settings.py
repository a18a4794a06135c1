"""Settings of the presence service."""

from kernel.settings import env, positive, settings


@settings
class PresenceSettings:
    """Settings of the presence service alone. All durations are in seconds."""

    grace_seconds: float = env(
        "CHATLY_PRESENCE_GRACE_SECONDS",
        default=10.0,
        help="time a user stays online after the last device disconnected; also the lifetime of a lease, in seconds",
        check=positive,
    )
    renew_seconds: float = env(
        "CHATLY_PRESENCE_RENEW_SECONDS",
        default=3.0,
        help="interval of lease renewals, in seconds; at most a third of CHATLY_PRESENCE_GRACE_SECONDS",
        check=positive,
    )
    flush_seconds: float = env(
        "CHATLY_PRESENCE_FLUSH_SECONDS",
        default=0.25,
        help="shortest time between two responses on a stream, in seconds",
        check=positive,
    )
    keep_alive_seconds: float = env(
        "CHATLY_PRESENCE_KEEP_ALIVE_SECONDS",
        default=15.0,
        help="interval of empty responses on an idle stream, in seconds",
        check=positive,
    )
    sweep_seconds: float = env(
        "CHATLY_PRESENCE_SWEEP_SECONDS",
        default=0.5,
        help="interval of the scan for expired leases and statuses, in seconds",
        check=positive,
    )
    contacts_seconds: float = env(
        "CHATLY_PRESENCE_CONTACTS_SECONDS",
        default=30.0,
        help="lifetime of a cached contact list, in seconds",
        check=positive,
    )
    reconnect_spread_seconds: float = env(
        "CHATLY_PRESENCE_RECONNECT_SPREAD_SECONDS",
        default=3.0,
        help="at shutdown, clients are asked to reconnect after a random time up to this, in seconds",
        check=positive,
    )
