"""Channel names of the live bus, and the channels that an event is published on."""

from collections.abc import Sequence

from history.audience import is_private, members_set_by
from history.chat_id import ChatId
from history.model import ChatEvent
from kernel.ids import UserId

STORED_CHANNEL = "stored"
"""Carries the persister's watermark; see `history.codec.encode_watermark`."""


def user_channel(user_id: UserId) -> str:
    """Return the channel of one user: direct chats, deletions for oneself, groups joined or left."""
    return f"user:{user_id}"


def chat_channel(chat_id: ChatId) -> str:
    """Return the channel of one group."""
    return f"chat:{chat_id}"


def channels_of(event: ChatEvent) -> Sequence[str]:
    """Return the channels that a lasting event is published on, without repeats."""
    if is_private(event):
        return [user_channel(event.actor_id)] if event.actor_id is not None else []
    if event.chat_id.is_direct:
        one, other = event.chat_id.members
        return [user_channel(one), user_channel(other)]
    concerned = sorted(members_set_by(event) | set(event.audience))
    return [chat_channel(event.chat_id), *map(user_channel, concerned)]
