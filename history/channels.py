"""Names of the live bus's channels, and which of them an event goes to."""

from collections.abc import Sequence

from history.audience import is_private, members_set_by
from history.chat_id import ChatId
from history.model import ChatEvent
from kernel.ids import UserId

STORED_CHANNEL = "stored"
"""The persister's watermark; see `history.codec.encode_watermark`."""


def user_channel(user_id: UserId) -> str:
    """Everything for one user: direct chats, their own deletions, groups they join or leave."""
    return f"user:{user_id}"


def chat_channel(chat_id: ChatId) -> str:
    """Everything that happens in one group."""
    return f"chat:{chat_id}"


def channels_of(event: ChatEvent) -> Sequence[str]:
    """Where a lasting event is published, each channel once."""
    if is_private(event):
        return [user_channel(event.actor_id)] if event.actor_id is not None else []
    if event.chat_id.is_direct:
        return [user_channel(user_id) for user_id in event.chat_id.members]
    concerned = sorted(members_set_by(event) | set(event.audience))
    return [chat_channel(event.chat_id), *map(user_channel, concerned)]
