"""All sides are measured in every round, and a failure loses no other results."""

from time import monotonic

import pytest

from bench.rounds import in_rounds
from bench.scale import Scale
from bench.sides.side import Result


def measured(cpu: float) -> Result:
    return {"side": "?", "cpu_us": cpu}


async def test_every_round_measures_all_sides() -> None:
    async def one() -> Result:
        return measured(1)

    raw = await in_rounds(Scale(rounds=2), {"a": one, "b": one})

    assert [result["side"] for result in raw] == ["a", "b", "a", "b"]


async def test_a_failure_is_printed_and_the_others_continue(capsys: pytest.CaptureFixture[str]) -> None:
    async def good() -> Result:
        return measured(1)

    async def bad() -> Result:
        raise RuntimeError("broken")

    raw = await in_rounds(Scale(rounds=1), {"bad": bad, "good": good})

    assert [result["side"] for result in raw] == ["good"]
    assert "bad failed in round 1" in capsys.readouterr().out


async def test_no_measurement_starts_after_the_time_limit() -> None:
    async def one() -> Result:
        return measured(1)

    assert await in_rounds(Scale(until=monotonic() - 1), {"a": one}) == []
