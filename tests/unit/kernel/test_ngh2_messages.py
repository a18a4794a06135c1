"""Frames, compression and metadata of the gRPC server on libnghttp2."""

import gzip
import zlib

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.grpc.client import MAX_MESSAGE_BYTES
from kernel.grpc.ngh2.messages import CallError, Inbox, framed
from kernel.grpc.ngh2.metadata import MalformedHeaderError, quoted, read_metadata, read_timeout, write_metadata


def frame(payload: bytes, *, flag: int = 0, length: int | None = None) -> bytes:
    return bytes([flag]) + (len(payload) if length is None else length).to_bytes(4, "big") + payload


def read(inbox: Inbox, *parts: bytes) -> list[bytes]:
    for part in parts:
        inbox.feed(part)
    return [inbox.pop() for _ in range(len(inbox))]


@given(st.lists(st.binary(max_size=40), max_size=6), st.data())
def test_messages_are_the_same_however_their_bytes_are_cut(messages: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(framed(message) for message in messages)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    parts = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    assert read(Inbox(None), *parts) == messages


@pytest.mark.parametrize(
    ("encoding", "packed"), [(b"gzip", gzip.compress(b"hello", mtime=0)), (b"deflate", zlib.compress(b"hello"))]
)
def test_compressed_messages_are_read(encoding: bytes, packed: bytes) -> None:
    assert read(Inbox(encoding), frame(packed, flag=1), frame(b"plain")) == [b"hello", b"plain"]
    assert read(Inbox(encoding), framed(b"hello" * 50, encoding)) == [b"hello" * 50]


@pytest.mark.parametrize(
    ("encoding", "data", "code"),
    [
        (None, frame(b"", length=MAX_MESSAGE_BYTES + 1), grpc.StatusCode.RESOURCE_EXHAUSTED),
        (None, frame(b"x", flag=1), grpc.StatusCode.INTERNAL),
        (None, frame(b"x", flag=2), grpc.StatusCode.INTERNAL),
        (b"gzip", frame(b"no gzip", flag=1), grpc.StatusCode.INTERNAL),
        (b"gzip", frame(gzip.compress(b"cut off", mtime=0)[:-9], flag=1), grpc.StatusCode.INTERNAL),
        (b"gzip", frame(gzip.compress(bytes(MAX_MESSAGE_BYTES + 1)), flag=1), grpc.StatusCode.RESOURCE_EXHAUSTED),
    ],
)
def test_wrong_messages_end_the_call(encoding: bytes | None, data: bytes, code: grpc.StatusCode) -> None:
    with pytest.raises(CallError) as caught:
        read(Inbox(encoding), data)

    assert caught.value.code is code


def test_a_part_of_a_message_is_noticed() -> None:
    inbox = Inbox(None)
    inbox.feed(frame(b"whole") + frame(b"part", length=9))

    assert (len(inbox), inbox.bytes, inbox.partial) == (1, 5, True)


def test_metadata_is_read_without_the_headers_of_the_protocol() -> None:
    headers = [
        (b":path", b"/a/B"),
        (b"te", b"trailers"),
        (b"grpc-timeout", b"1S"),
        (b"user-agent", b"me"),
        (b"k-bin", b"AAE,Ag=="),
    ]

    assert read_metadata(headers) == (("user-agent", "me"), ("k-bin", b"\0\1"), ("k-bin", b"\2"))


@pytest.mark.parametrize("value", [b"!", b"AAAAA", "ä".encode()])
def test_binary_metadata_that_is_not_base64_is_refused(value: bytes) -> None:
    with pytest.raises(MalformedHeaderError):
        read_metadata([(b"k-bin", value)])


def test_metadata_is_written() -> None:
    assert write_metadata((("a", " b "), ("k-bin", b"\0\1"))) == [(b"a", b"b"), (b"k-bin", b"AAE")]


@pytest.mark.parametrize(
    ("key", "value"), [("A", "x"), ("a b", "x"), ("grpc-status", "0"), (":path", "/"), ("a", "x\ny"), ("a", "ä")]
)
def test_metadata_that_no_header_can_carry_is_refused(key: str, value: str) -> None:
    with pytest.raises(ValueError, match="metadata"):
        write_metadata(((key, value),))


@pytest.mark.parametrize(
    ("value", "seconds"), [(b"1H", 3600.0), (b"2M", 120.0), (b"3S", 3.0), (b"4m", 0.004), (b"99999999n", 0.099999999)]
)
def test_timeouts_are_read(value: bytes, seconds: float) -> None:
    assert read_timeout(value) == pytest.approx(seconds)


@pytest.mark.parametrize("value", [b"", b"S", b"1", b"1s", b"-1S", b"1.5S", b"123456789S"])
def test_timeouts_of_another_form_are_refused(value: bytes) -> None:
    with pytest.raises(MalformedHeaderError):
        read_timeout(value)


def test_a_status_text_may_have_any_characters() -> None:
    assert quoted("50 % ä\n~") == b"50 %25 %C3%A4%0A~"
