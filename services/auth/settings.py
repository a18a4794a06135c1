"""Settings of the auth service."""

from kernel.settings import between, env, settings


@settings
class AuthSettings:
    """How auth works; ports and addresses are the process's business."""

    bcrypt_cost: int = env(
        "CHATLY_AUTH_BCRYPT_COST",
        12,
        help="work factor of password hashes: each step doubles the time, 12 takes about 0.25 s",
        check=between(4, 16),
    )
    access_token_seconds: int = env(
        "CHATLY_AUTH_ACCESS_TOKEN_SECONDS",
        15 * 60,
        help="lifetime of an access token, in seconds",
        check=between(10, 24 * 3600),
    )
    key_rotation_hours: int = env(
        "CHATLY_AUTH_KEY_ROTATION_HOURS",
        30 * 24,
        help="how long one key signs access tokens, in hours",
        check=between(1, 24 * 365),
    )
    hashing_queue: int = env(
        "CHATLY_AUTH_HASHING_QUEUE",
        128,
        help="how many passwords may wait to be hashed; further logins are asked to come back",
        check=between(1, 10_000),
    )
    free_failures: int = env(
        "CHATLY_AUTH_FREE_FAILURES",
        5,
        help="failed logins of one account or from one address after which the next ones have to wait",
        check=between(1, 10_000),
    )
