"""Settings of the messaging service."""

from kernel.settings import env, not_negative, positive, settings


@settings
class MessagingSettings:
    """Settings of the service itself. Ports and addresses are settings of the process."""

    known_chats: int = env(
        "CHATLY_MESSAGING_KNOWN_CHATS",
        default=10_000,
        help="size of the chat cache, in chats (least recently used are dropped)",
        check=positive,
    )
    blocks_seconds: float = env(
        "CHATLY_MESSAGING_BLOCKS_SECONDS",
        default=5.0,
        help="lifetime of cached blocks of a user, in seconds",
        check=not_negative,
    )
    erased_per_second: float = env(
        "CHATLY_MESSAGING_ERASED_PER_SECOND",
        default=200.0,
        help="messages per second that erasures of accounts delete, per node; 0: no limit",
        check=not_negative,
    )
    stream_sends_per_second: float = env(
        "CHATLY_MESSAGING_STREAM_SENDS_PER_SECOND",
        default=100.0,
        help="sends per second and user over SendMessages streams, per node; further sends are delayed; 0: no limit",
        check=not_negative,
    )
