"""A schedule is the same for the same seed, and spares no part."""

from collections.abc import Iterator
from itertools import islice

from mesh.services import SERVICES
from tests.faults.checker.timeline import Hurt
from tests.faults.schedule import SHORT, Step, long_schedule, short_schedule

PARTS = [
    *(f"{kind}-{number}" for kind in ("kafka", "cassandra") for number in (1, 2, 3)),
    *(f"{kind}-{number}" for kind in (*SERVICES, "edge") for number in (1, 2)),
    "redis-1",
    "s3-1",
]


def kinds(steps: Iterator[Step], count: int) -> list[tuple[str, ...]]:
    return [tuple(part.partition("-")[0] for part in step.parts) for step in islice(steps, count)]


def test_a_seed_gives_the_same_schedule_again_and_another_seed_another_one() -> None:
    first, again, other = (list(islice(long_schedule(seed, PARTS, cuts=True), 50)) for seed in (1, 1, 2))

    assert first == again
    assert first != other


def test_a_short_schedule_hurts_each_kind_on_a_messages_way_once_and_then_two_parts_at_a_time() -> None:
    begun = kinds(short_schedule(3, PARTS, cuts=True), 100)

    assert len(begun) == SHORT
    assert sorted(begun[:6]) == sorted(
        (kind,) for kind in ("messaging", "edge", "kafka", "cassandra", "persister", "redis")
    )
    assert begun[6:] == [("messaging", "kafka"), ("edge", "cassandra")]


def test_a_short_schedule_kills_cuts_off_and_stops() -> None:
    for seed in range(20):
        singles = {step.hurt for step in islice(short_schedule(seed, PARTS, cuts=True), 6)}
        assert singles == {Hurt.KILL, Hurt.CUT, Hurt.STOP}


def test_a_long_schedule_hurts_every_kind_alone_and_then_every_kind_in_a_pair() -> None:
    every = {part.partition("-")[0] for part in PARTS}
    begun = kinds(long_schedule(4, PARTS, cuts=True), 2 * len(every))

    alone, pairs = begun[: len(every)], begun[len(every) :]
    assert {kind for (kind,) in alone} == every
    assert {kind for kind, _ in pairs} == {kind for _, kind in pairs} == every
    assert all(one != other for one, other in pairs)


def test_every_hurt_is_used_and_nothing_is_cut_where_nothing_can_be() -> None:
    used = {step.hurt for step in islice(long_schedule(5, PARTS, cuts=True), 20)}
    without = {step.hurt for step in islice(long_schedule(5, PARTS, cuts=False), 20)}

    assert used == {Hurt.KILL, Hurt.STOP, Hurt.RESTART, Hurt.CUT}
    assert without == used - {Hurt.CUT}
