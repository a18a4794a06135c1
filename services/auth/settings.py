"""Settings of the auth service."""

from kernel.settings import between, env, positive, settings


@settings
class AuthSettings:
    """Settings of the auth service alone. Ports and addresses are settings of the process."""

    bcrypt_cost: int = env(
        "CHATLY_AUTH_BCRYPT_COST",
        12,
        help="bcrypt cost of password hashes; each step doubles the time, 12 takes about 0.25 s",
        check=between(4, 16),
    )
    access_token_seconds: int = env(
        "CHATLY_AUTH_ACCESS_TOKEN_SECONDS",
        15 * 60,
        help="lifetime of an access token, in seconds",
        check=between(10, 24 * 3600),
    )
    session_days: float = env(
        "CHATLY_AUTH_SESSION_DAYS",
        180.0,
        help="days after which a session ends, however often it is used; one that is unused for 30 days ends anyway",
        check=positive,
    )
    key_rotation_hours: int = env(
        "CHATLY_AUTH_KEY_ROTATION_HOURS",
        30 * 24,
        help="lifetime of a signing key, in hours",
        check=between(1, 24 * 365),
    )
    hashing_queue: int = env(
        "CHATLY_AUTH_HASHING_QUEUE",
        128,
        help="password checks that may wait for a thread, and registrations that may; further ones get RATE_LIMITED",
        check=between(1, 10_000),
    )
    free_failures: int = env(
        "CHATLY_AUTH_FREE_FAILURES",
        5,
        help="failed logins of an account from one address before further attempts are delayed",
        check=between(1, 10_000),
    )
    free_failures_account: int = env(
        "CHATLY_AUTH_FREE_FAILURES_ACCOUNT",
        20,
        help="failed logins of an account from all addresses without a session of it before attempts are delayed",
        check=between(1, 10_000),
    )
    free_failures_address: int = env(
        "CHATLY_AUTH_FREE_FAILURES_ADDRESS",
        50,
        help="failed logins from an address (IPv6: /64) before attempts are delayed; one is forgotten every minute",
        check=between(1, 100_000),
    )
