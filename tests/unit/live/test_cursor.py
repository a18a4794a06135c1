"""Cursors: exact when they come from `encode`, rejected otherwise."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import ChatlyError
from services.messaging.errors import MessagingReason
from services.messaging.live.cursor import Cursor, decode, encode

NUMBERS = st.integers(min_value=0, max_value=2**63 - 1)
CURSORS = st.builds(Cursor, log_id=st.text(max_size=64), offsets=st.dictionaries(NUMBERS, NUMBERS, max_size=64))


def is_rejected(text: str) -> bool:
    try:
        decode(text)
    except ChatlyError as error:
        return error.reason == MessagingReason.INVALID_CURSOR
    return False


@given(CURSORS)
def test_decode_returns_the_encoded_cursor(cursor: Cursor) -> None:
    assert decode(encode(cursor)) == cursor


@given(CURSORS)
def test_a_cursor_fits_into_a_url_and_into_its_field(cursor: Cursor) -> None:
    text = encode(cursor)

    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert len(text) <= 8192


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda data: base64.urlsafe_b64encode(data).decode()))
def test_any_other_text_is_rejected(text: str) -> None:
    try:
        cursor = decode(text)
    except ChatlyError as error:
        assert error.reason == MessagingReason.INVALID_CURSOR  # noqa: PT017 - hypothesis may find a true cursor
    else:
        assert encode(cursor) == text


@given(CURSORS, st.data())
def test_a_shortened_or_extended_cursor_is_rejected(cursor: Cursor, data: st.DataObject) -> None:
    text = encode(cursor)
    cut = data.draw(st.integers(min_value=1, max_value=len(text)))

    # The rest may be a valid cursor of fewer partitions, but never the same cursor.
    assert is_rejected(text[:-cut]) or decode(text[:-cut]) != cursor
    assert is_rejected(text + "=")


@pytest.mark.parametrize(
    "data",
    [
        b"\x02\x00",
        b"\x01",
        b"\x01\x05abc",
        b"\x01\x00\x01",
        b"\x01\x00\x02\x01\x01\x01",
        b"\x01\x00\x01\x01\x01\x01",
        b"\x01\x00\x81\x00\x01",
        b"\x01\x00\x01" + b"\xff" * 9 + b"\x7f",
        b"\x01\x02\xff\xfe",
    ],
    ids=[
        "another format",
        "no log",
        "log id cut short",
        "partition without an offset",
        "partitions not sorted",
        "a partition twice",
        "a number written with more bytes than it needs",
        "too large an offset",
        "a log id that is no text",
    ],
)
def test_bytes_that_encode_never_makes_are_rejected(data: bytes) -> None:
    assert is_rejected(base64.urlsafe_b64encode(data).rstrip(b"=").decode())
