"""A schedule is the same for the same seed, and includes every part."""

from collections.abc import Iterator
from itertools import islice

from mesh.services import SERVICES
from tests.faults.checker.timeline import LOG_LOSSES, Action
from tests.faults.schedule import SHORT, Step, long_schedule, only_schedule, short_schedule

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
    path, pairs, others, power = begun[:6], begun[6:8], begun[8:12], begun[12:]
    assert sorted(path) == sorted((kind,) for kind in ("messaging", "edge", "kafka", "cassandra", "persister", "redis"))
    assert pairs == [("messaging", "kafka"), ("edge", "cassandra")]
    assert others[::2][0] == ("messaging",)
    assert others[1::2] == [("kafka", "kafka", "kafka")] * 2
    assert power == [("kafka",), ("cassandra",), ("kafka", "kafka", "kafka")]


def test_a_short_schedule_has_wrong_clocks_and_every_loss_of_the_log() -> None:
    for seed in range(20):
        steps = list(short_schedule(seed, PARTS, cuts=True))
        clocks = [step.jump for step in steps if step.action is Action.CLOCK]
        assert len(clocks) == 2
        assert None not in clocks
        losses = [step.action for step in steps if step.action in LOG_LOSSES]
        assert losses == [Action.LOST_LOG, Action.RESTORED_LOG, Action.POWER_CUT_OF_ALL]


def test_the_seed_chooses_size_direction_and_moment_of_a_wrong_clock() -> None:
    steps = islice(only_schedule(1, PARTS, cuts=True, actions=[Action.CLOCK]), 100)

    jumps = {str(step.jump): step.jump for step in steps}

    assert {jump.seconds for jump in jumps.values() if jump} == {60, -60, 86_400, -86_400}
    assert {"60 s ahead", "1 day behind and restart"} <= set(jumps)
    assert len(jumps) == 8


def test_only_parts_that_keep_what_was_acknowledged_lose_power() -> None:
    steps = [step for step in islice(long_schedule(2, PARTS, cuts=True), 300) if step.action is Action.POWER_CUT]

    assert {part.partition("-")[0] for step in steps for part in step.parts} == {"kafka", "cassandra"}


def test_only_the_wanted_faults_happen() -> None:
    actions = [Action.LOST_LOG, Action.KILL]

    steps = list(islice(only_schedule(1, PARTS, cuts=True, actions=actions), 4))

    assert [step.action for step in steps] == actions * 2
    assert steps[0].parts == ("kafka-1", "kafka-2", "kafka-3")


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


def test_a_long_schedule_has_wrong_clocks_and_rarely_a_lost_log() -> None:
    actions = [step.action for step in islice(long_schedule(6, PARTS, cuts=True), 100)]

    losses = [action for action in actions if action in LOG_LOSSES]
    assert set(losses) == LOG_LOSSES
    assert 2 <= len(losses) <= 6
    assert actions.count(Action.CLOCK) >= 2 * len(losses)


def test_every_fault_is_used_and_cuts_only_where_they_are_possible() -> None:
    used = {step.action for step in islice(long_schedule(5, PARTS, cuts=True), 100)}
    without = {step.action for step in islice(long_schedule(5, PARTS, cuts=False), 100)}

    assert used == {*Action} - {Action.NOTHING}
    assert without == used - {Action.CUT}
