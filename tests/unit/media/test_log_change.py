"""Decoding records of the event log."""

from uuid import UUID

import pytest
from chatly.event.v1 import event_pb2 as pb
from hypothesis import given
from hypothesis import strategies as st

from kernel.ids import UserId
from services.media.api.mapping import log_change
from services.media.model import FilesSent, GroupPictureSet, MediaId, MessageRemoved

MESSAGE = UUID(int=5)


def a_record(**change: object) -> bytes:
    return pb.ChatEvent(event_id=MESSAGE.bytes, chat_id="chat", actor_id="ann", **change).SerializeToString()  # type: ignore[arg-type]


def test_a_message_with_files_becomes_files_sent() -> None:
    files = [pb.AttachedMedia(media_id="one"), pb.AttachedMedia(media_id="two")]

    change = log_change(a_record(message_sent=pb.MessageSent(text="look", attachments=files)))

    assert change == FilesSent("chat", str(MESSAGE), UserId("ann"), (MediaId("one"), MediaId("two")))


def test_a_deletion_for_everyone_becomes_message_removed() -> None:
    deleted = pb.MessageDeleted(message_id=MESSAGE.bytes, for_everyone=True)

    assert log_change(a_record(message_deleted=deleted)) == MessageRemoved("chat", str(MESSAGE), deleted=True)


def test_a_withdrawal_becomes_message_removed() -> None:
    withdrawn = pb.MessageWithdrawn(message_id=MESSAGE.bytes)

    assert log_change(a_record(message_withdrawn=withdrawn)) == MessageRemoved("chat", str(MESSAGE), deleted=False)


@pytest.mark.parametrize(
    "record",
    [
        a_record(group_created=pb.GroupCreated(title="us", avatar_media_id="picture")),
        a_record(group_updated=pb.GroupUpdated(avatar_media_id="picture")),
    ],
)
def test_a_picture_of_a_group_becomes_group_picture_set(record: bytes) -> None:
    assert log_change(record) == GroupPictureSet("chat", UserId("ann"), MediaId("picture"))


@pytest.mark.parametrize(
    "record",
    [
        a_record(message_sent=pb.MessageSent(text="no files")),
        a_record(message_deleted=pb.MessageDeleted(message_id=MESSAGE.bytes)),
        a_record(message_deleted=pb.MessageDeleted(message_id=b"short", for_everyone=True)),
        a_record(reaction_set=pb.ReactionSet(message_id=MESSAGE.bytes, emoji="👍", present=True)),
        a_record(group_created=pb.GroupCreated(title="no picture")),
        a_record(group_updated=pb.GroupUpdated(avatar_media_id="")),
        b"",
        b"\xff\xff no protobuf",
    ],
)
def test_other_records_are_ignored(record: bytes) -> None:
    assert log_change(record) is None


@given(st.binary(max_size=100))
def test_no_record_raises(record: bytes) -> None:
    log_change(record)
