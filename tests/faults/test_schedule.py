"""A schedule is the same for the same seed, and includes every part."""

from collections.abc import Iterator
from itertools import islice

from mesh.services import SERVICES
from tests.faults.checker.timeline import Action
from tests.faults.schedule import SHORT, Step, long_schedule, short_schedule

PARTS = [
    *(f"{kind}-{number}" for kind in ("kafka", "cassandra") for number in (1, 2, 3)),
    *(f"{kind}-{number}" for kind in (*SERVICES, "edge") for number in (1, 2)),
    "redis-1",
    "s3-1",
]


def kinds(steps: Iterator[Step], count: int) -> list[tuple[str, ...]]:
    return [tuple(part.partition("-")[0] for part in step.parts) for step in islice(steps, count)]


def test_the_same_seed_gives_the_same_schedule_and_another_seed_another_one() -> None:
    first, again, other = (list(islice(long_schedule(seed, PARTS, cuts=True), 50)) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_a_short_schedule_has_each_kind_on_a_messages_path_once_and_then_pairs() -> None:
    begun = kinds(short_schedule(3, PARTS, cuts=True), 100)

    assert len(begun) == SHORT
    assert sorted(begun[:6]) == sorted(
        (kind,) for kind in ("messaging", "edge", "kafka", "cassandra", "persister", "redis")
    )
    assert begun[6:] == [("messaging", "kafka"), ("edge", "cassandra")]


def test_a_short_schedule_kills_cuts_and_stops() -> None:
    for seed in range(20):
        singles = {step.action for step in islice(short_schedule(seed, PARTS, cuts=True), 6)}
        assert singles == {Action.KILL, Action.CUT, Action.STOP}


def test_a_long_schedule_has_every_kind_alone_and_then_every_kind_in_a_pair() -> None:
    every = {part.partition("-")[0] for part in PARTS}
    begun = kinds(long_schedule(4, PARTS, cuts=True), 2 * len(every))

    alone, pairs = begun[: len(every)], begun[len(every) :]
    assert {kind for (kind,) in alone} == every
    assert {kind for kind, _ in pairs} == {kind for _, kind in pairs} == every
    assert all(one != other for one, other in pairs)


def test_every_fault_is_used_and_cuts_only_where_they_are_possible() -> None:
    used = {step.action for step in islice(long_schedule(5, PARTS, cuts=True), 20)}
    without = {step.action for step in islice(long_schedule(5, PARTS, cuts=False), 20)}

    assert used == {Action.KILL, Action.STOP, Action.RESTART, Action.CUT}
    assert without == used - {Action.CUT}
