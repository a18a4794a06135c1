"""Windows, pages and what counts as unread. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from uuid import UUID

from history.fold import visible
from history.model import Message, MessageState
from history.ports import Window
from kernel.ids import UserId, time_key


def is_unread(state: MessageState, user_id: UserId, *, after: UUID | None) -> bool:
    """Whether it is unread by a user whose read mark is `after`."""
    message = visible(state, user_id)
    if message is None or message.deleted_for_everyone or message.sender_id == user_id:
        return False
    return after is None or time_key(message.message_id) > time_key(after)


def seen(states: Iterable[MessageState], viewer: UserId, *, newest_first: bool) -> list[Message]:
    """The messages that a viewer may see, in the order asked for."""
    ordered = sorted(states, key=lambda state: time_key(state.message_id), reverse=newest_first)
    return [message for state in ordered if (message := visible(state, viewer))]


def is_within(message_id: UUID, window: Window) -> bool:
    """Whether an id lies between the ends of a window."""
    key = time_key(message_id)
    above = window.after is None or key > time_key(window.after)
    return above and (window.before is None or key < time_key(window.before))


def split(window: Window, chunk: Sequence[MessageState]) -> tuple[Window, Window]:
    """The part of a window that its full chunk covers, up to the chunk's last message, and the part beyond."""
    edge = chunk[0].message_id if window.newest_first else chunk[-1].message_id
    if window.newest_first:
        return replace(window, after=edge), replace(window, before=edge)
    return replace(window, before=edge), replace(window, after=edge)
