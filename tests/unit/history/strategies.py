"""Strategies for events of one chat, including events that no client would send."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from hypothesis import strategies as st

from history.chat_id import ChatId
from history.model import (
    AttachedMedia,
    Change,
    ChatEvent,
    GroupCreated,
    GroupUpdated,
    HiddenRange,
    HistoryVisibility,
    MemberSet,
    MessageDeleted,
    MessageEdited,
    MessageSent,
    MessageWithdrawn,
    ReactionSet,
    ReadMarkMoved,
    Role,
)
from kernel.ids import from_time_key
from tests.builders import NOON
from tests.unit.history.builders import A_GROUP, ANN, ANN_AND_BOB, BOB, CAT, PHOTO

_START = 140_000_000_000_000_000


def time_uuid(number: int) -> UUID:
    """Return a TimeUUID; pairs of numbers share their time and differ in the node."""
    return from_time_key((_START + number // 2).to_bytes(8, "big") + bytes((0x80, 0, 1, 0, 0, 0, 0, number % 2)))


users = st.sampled_from((ANN, BOB, CAT))
texts = st.text(max_size=5)
# Few, so that several events concern the same message.
message_ids = st.integers(0, 9).map(time_uuid)
attachments = st.lists(st.just(PHOTO) | st.builds(AttachedMedia, texts, texts, texts, st.integers(0, 9)), max_size=2)
sends = st.builds(
    MessageSent,
    client_message_id=st.uuids(),
    text=texts,
    reply_to=st.none() | message_ids,
    attachments=attachments.map(tuple),
)
visibilities = st.none() | st.sampled_from(HistoryVisibility)
ranges = st.builds(HiddenRange, st.none() | message_ids, st.none() | message_ids)
changes: st.SearchStrategy[Change] = st.one_of(
    sends,
    st.builds(MessageEdited, message_ids, texts),
    st.builds(MessageDeleted, message_ids, st.booleans()),
    st.builds(MessageWithdrawn, message_ids, message_ids),
    st.builds(ReactionSet, message_ids, st.sampled_from(("👍", "❤️")), st.booleans()),
    st.builds(ReadMarkMoved, message_ids),
    st.builds(
        GroupCreated, st.uuids(), texts, texts, texts, st.dictionaries(users, st.sampled_from(Role)), visibilities
    ),
    st.builds(GroupUpdated, st.none() | texts, st.none() | texts, st.none() | texts, visibilities),
    st.builds(
        MemberSet,
        users,
        st.none() | st.sampled_from(Role),
        st.none() | message_ids,
        st.lists(ranges, max_size=2).map(tuple),
    ),
)


@st.composite
def events(draw: st.DrawFn, chat_id: st.SearchStrategy[ChatId] | None = None) -> Sequence[ChatEvent]:
    """Draw up to ten events with different ids, in any order."""
    chat = draw(chat_id or st.sampled_from((ANN_AND_BOB, A_GROUP)))
    numbers = draw(st.lists(st.integers(0, 9), unique=True, max_size=10))
    return [
        ChatEvent(time_uuid(number), chat, draw(users), NOON + timedelta(seconds=number // 2), draw(changes))
        for number in numbers
    ]
