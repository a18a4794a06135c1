"""Byte ranges (RFC 9110)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.media.api.http.downloads import ByteRange, NotSatisfiableError, parse_range


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", ByteRange(0, 0)),
        ("bytes=2-4", ByteRange(2, 4)),
        ("bytes=2-", ByteRange(2, 9)),
        ("bytes=8-99", ByteRange(8, 9)),
        ("bytes=-3", ByteRange(7, 9)),
        ("bytes=-99", ByteRange(0, 9)),
        ("BYTES=1-2", ByteRange(1, 2)),
    ],
)
def test_a_range_is_limited_to_the_file(header: str, expected: ByteRange) -> None:
    assert parse_range(header, 10) == expected


NONSENSE = ["bytes", "bytes=", "bytes=-", "bytes=4-2", "lines=0-1", "bytes=a-b", "bytes=٣-"]


@pytest.mark.parametrize("header", [None, "", "bytes=0-1,3-4", *NONSENSE])
def test_invalid_and_multiple_ranges_mean_the_whole_file(header: str | None) -> None:
    assert parse_range(header, 10) is None


@pytest.mark.parametrize("header", ["bytes=10-", "bytes=10-20", "bytes=-0"])
def test_a_range_beyond_the_end_is_not_satisfiable(header: str) -> None:
    with pytest.raises(NotSatisfiableError):
        parse_range(header, 10)


@given(content=st.binary(min_size=1, max_size=50), first=st.integers(0, 60), last=st.integers(0, 60))
def test_a_range_equals_a_slice(content: bytes, first: int, last: int) -> None:
    try:
        found = parse_range(f"bytes={first}-{last}", len(content))
    except NotSatisfiableError:
        assert content[first : last + 1] == b""
        return
    if found is None:
        assert last < first
    else:
        assert content[found.first : found.last + 1] == content[first : last + 1]
        assert found.length == len(content[first : last + 1])


@given(content=st.binary(min_size=1, max_size=50), length=st.integers(1, 60))
def test_a_suffix_is_the_end_of_the_file(content: bytes, length: int) -> None:
    found = parse_range(f"bytes=-{length}", len(content))

    assert found is not None
    assert content[found.first : found.last + 1] == content[-length:]


@given(header=st.text(max_size=40), size=st.integers(1, 1000))
def test_any_header_gives_a_range_inside_the_file_or_none(header: str, size: int) -> None:
    for value in (header, f"bytes={header}"):
        try:
            found = parse_range(value, size)
        except NotSatisfiableError:
            continue
        assert found is None or 0 <= found.first <= found.last < size
