"""Settings of the messaging service."""

from kernel.settings import env, not_negative, positive, settings


@settings
class MessagingSettings:
    """Ports and addresses are the process's business."""

    known_chats: int = env(
        "CHATLY_MESSAGING_KNOWN_CHATS",
        default=10_000,
        help="chats whose members are kept in memory, the most recently used",
        check=positive,
    )
    blocks_seconds: float = env(
        "CHATLY_MESSAGING_BLOCKS_SECONDS",
        default=5.0,
        help="how long an answer of auth about a user and their blocks is kept",
        check=not_negative,
    )
    stream_sends_per_second: float = env(
        "CHATLY_MESSAGING_STREAM_SENDS_PER_SECOND",
        default=100.0,
        help="sends that one user's streams may begin on this node; more wait; 0: no limit",
        check=not_negative,
    )
