"""Everything is measured in turns, and what was measured is kept whatever else goes wrong."""

from time import monotonic

import pytest

from bench.scale import Scale
from bench.sides.side import Result
from bench.turns import in_turns


def measured(cpu: float) -> Result:
    return {"side": "?", "cpu_us": cpu}


async def test_all_take_their_turn_in_every_round() -> None:
    async def one() -> Result:
        return measured(1)

    raw = await in_turns(Scale(rounds=2), {"a": one, "b": one})

    assert [result["side"] for result in raw] == ["a", "b", "a", "b"]


async def test_one_that_fails_is_said_and_does_not_hinder_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    async def good() -> Result:
        return measured(1)

    async def bad() -> Result:
        raise RuntimeError("it fell over")

    raw = await in_turns(Scale(rounds=1), {"bad": bad, "good": good})

    assert [result["side"] for result in raw] == ["good"]
    assert "bad failed in round 1" in capsys.readouterr().out


async def test_nothing_begins_once_the_time_is_over() -> None:
    async def one() -> Result:
        return measured(1)

    assert await in_turns(Scale(until=monotonic() - 1), {"a": one}) == []
