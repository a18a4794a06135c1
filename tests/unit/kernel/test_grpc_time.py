"""Times in protobuf."""

from datetime import UTC, datetime

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from kernel.grpc.time import maybe_timestamp, moment_of, timestamp


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_are_converted_as_protobuf_itself_converts_them(moment: datetime) -> None:
    expected = Timestamp()
    expected.FromDatetime(moment)

    assert timestamp(moment) == maybe_timestamp(moment) == expected
    assert moment_of(expected) == moment


def test_nanoseconds_are_cut_off() -> None:
    assert moment_of(Timestamp(seconds=-1, nanos=1_999)) == datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC)


@pytest.mark.parametrize("seconds", [253_402_300_800, -62_135_596_801, 2**63 - 1, -(2**63)])
def test_a_time_outside_the_years_1_to_9999_is_refused(seconds: int) -> None:
    with pytest.raises(ValueError, match="between the years 1 and 9999"):
        moment_of(Timestamp(seconds=seconds))
