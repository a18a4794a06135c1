"""Settings of the messaging service."""

from kernel.settings import env, settings


def _at_least_one(value: int) -> str | None:
    return None if value >= 1 else "must be at least 1"


def _not_negative(value: float) -> str | None:
    return None if value >= 0 else "must not be negative"


@settings
class MessagingSettings:
    """Ports and addresses are the process's business."""

    known_chats: int = env(
        "CHATLY_MESSAGING_KNOWN_CHATS",
        default=10_000,
        help="chats whose members are kept in memory, the most recently used",
        check=_at_least_one,
    )
    blocks_seconds: float = env(
        "CHATLY_MESSAGING_BLOCKS_SECONDS",
        default=5.0,
        help="how long an answer of auth about a user and their blocks is kept",
        check=_not_negative,
    )
