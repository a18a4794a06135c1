"""Events on the log and the bus are decoded as they were; malformed bytes are refused."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace

import pytest
from chatly.event.v1 import event_pb2 as pb
from hypothesis import given
from hypothesis import strategies as st

from history import codec
from history.codec import (
    Ephemeral,
    decode,
    decode_record,
    encode,
    pack_ephemeral,
    pack_lasting,
    remember,
    unpack,
)
from history.fold import redact
from history.model import ChatEvent, LogEvent
from history.watermark import decode_watermark, encode_watermark
from kernel.log.ports import LogPosition, LogRecord
from tests.unit.history.builders import A_GROUP, ANN, ChatBuilder
from tests.unit.history.strategies import events

offsets = st.integers(0, 2**62)
# Field 1000, as a newer program may write it.
A_NEW_FIELD = b"\xc0\x3e\x01"


@given(events())
def test_an_event_is_read_back_as_it_was_written(happened: Sequence[ChatEvent]) -> None:
    assert [decode(encode(event)) for event in happened] == happened


def test_fields_beside_the_change_are_kept() -> None:
    event = replace(ChatBuilder().sent(), audience=(ANN,), request_id="request 7")

    assert decode(encode(event)) == event


def test_the_system_may_withdraw() -> None:
    chat = ChatBuilder()
    withdrawn = chat.withdrawn(chat.sent(), chat.sent())

    assert decode(encode(withdrawn)).actor_id is None


def _broken(**fields: object) -> bytes:
    message = pb.ChatEvent.FromString(encode(ChatBuilder().sent()))
    for name, value in fields.items():
        setattr(message, name, value)
    return message.SerializeToString()


def _without_change() -> bytes:
    message = pb.ChatEvent.FromString(encode(ChatBuilder().sent()))
    message.ClearField("change")
    return message.SerializeToString()


def _beyond_the_calendar() -> bytes:
    message = pb.ChatEvent.FromString(encode(ChatBuilder().sent()))
    message.occurred_at.seconds = 2**62
    return message.SerializeToString()


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (b"\xff\xff\xff", "not a ChatEvent"),
        (b"", "event_id has 0 bytes"),
        (_broken(event_id=b"short"), "event_id has 5 bytes"),
        (_broken(event_id=b"\x00" * 16), "no TimeUUID"),
        (_broken(chat_id=""), "without a chat"),
        (_broken(chat_id="a_b_c"), "a chat of two users has two ids"),
        (_broken(actor_id=""), "MessageSent without an actor"),
        (_without_change(), "without a change"),
        (_beyond_the_calendar(), "occurred_at must be between the years 1 and 9999"),
    ],
    # The bytes differ in every run.
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_bytes_that_are_no_event_are_refused_with_a_reason(value: bytes, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        decode(value)


def test_an_event_under_another_chats_key_is_refused() -> None:
    record = LogRecord(LogPosition(0, 0), A_GROUP, encode(ChatBuilder().sent()))

    with pytest.raises(ValueError, match="under the key"):
        decode_record(record)


@given(offsets, offsets)
def test_a_lasting_event_has_its_position_on_the_bus(partition: int, offset: int) -> None:
    stored = LogEvent(LogPosition(partition, offset), ChatBuilder().sent())

    assert unpack(pack_lasting(stored)) == stored


def test_an_event_is_decoded_once_although_its_payload_arrives_several_times() -> None:
    payload = pack_lasting(LogEvent(LogPosition(0, 7), ChatBuilder().sent()))
    first = unpack(payload)

    assert unpack(bytes(bytearray(payload))) is first


def test_a_remembered_event_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = LogEvent(LogPosition(0, 7), ChatBuilder().sent())
    payload = pack_lasting(stored)
    remember(payload, stored)
    monkeypatch.setattr(codec, "decode", None)

    assert unpack(bytes(bytearray(payload))) is stored


def test_an_event_that_was_remembered_too_long_ago_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "_REMEMBERED", 2)
    monkeypatch.setattr(codec, "_decoded", OrderedDict())
    events = [LogEvent(LogPosition(0, offset), ChatBuilder().sent()) for offset in range(3)]
    for stored in events:
        remember(pack_lasting(stored), stored)
    found = [unpack(pack_lasting(stored)) for stored in (events[2], events[1], events[0])]

    assert found == events[::-1]
    assert [one is other for one, other in zip(found, events[::-1], strict=True)] == [True, True, False]


def test_unknown_fields_of_a_newer_program_are_passed_on_over_the_bus() -> None:
    event = ChatBuilder().sent()
    value = encode(event) + A_NEW_FIELD
    stored = decode_record(LogRecord(LogPosition(0, 7), event.chat_id, value))

    assert stored.event == event
    assert pack_lasting(stored).endswith(value)


def test_a_redacted_event_passes_on_no_text() -> None:
    event = ChatBuilder().sent(text="a secret")
    stored = decode_record(LogRecord(LogPosition(0, 7), event.chat_id, encode(event)))

    assert b"a secret" in pack_lasting(stored)
    assert b"a secret" not in pack_lasting(redact(stored))


@given(st.binary(max_size=20))
def test_an_ephemeral_event_comes_over_the_bus_as_its_bytes(response: bytes) -> None:
    assert unpack(pack_ephemeral(response)) == Ephemeral(response)
    assert unpack(pack_ephemeral(response, hidden_from=[ANN])) == Ephemeral(response, frozenset({ANN}))


@pytest.mark.parametrize("payload", [b"", b"\x02", b"\x00", b"\x00\x80"])
def test_a_payload_that_is_neither_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError):
        unpack(payload)


@given(st.dictionaries(offsets, offsets, max_size=5))
def test_a_watermark_is_read_back_as_it_was_written(stored: dict[int, int]) -> None:
    assert decode_watermark(encode_watermark(stored)) == stored


def test_a_watermark_that_is_cut_short_is_refused() -> None:
    with pytest.raises(ValueError, match="cut short"):
        decode_watermark(encode_watermark({1: 300})[:-1])
