"""The faults of a run, their order and duration, chosen by a seed so that a run can be repeated."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, cycle
from random import Random

from mesh.services import SERVICES
from tests.faults.checker.timeline import LOG_LOSSES, Action

SHORT = 15
"""Number of faults of a short run."""
_SHORT_HOLD = (4.0, 7.0)
_LONG_HOLD = (3.0, 20.0)
_FIRST = ("messaging", "edge", "kafka", "cassandra", "persister", "redis")
"""Kinds of parts on the path of a message: a short run injects a fault into each of them once."""
_OF_A_PART = (Action.KILL, Action.STOP, Action.RESTART, Action.CUT)
_WRONG_CLOCKS = (*SERVICES, "cassandra")
"""Kinds of parts whose clock matters: they write times, or compare them."""
_WITH_DISKS = ("kafka", "cassandra")
"""Kinds of parts that keep what was acknowledged: their machines lose power."""
_MINUTE, _DAY = 60, 24 * 3600
_LOG_LOSSES_EVERY = 2
"""Rounds of a long run between two losses of the log."""


@dataclass(frozen=True, slots=True)
class Jump:
    """A wrong clock: it jumps while the process runs, or it is wrong from one restart to the next."""

    seconds: int
    restarted: bool

    def __str__(self) -> str:
        size = "1 day" if abs(self.seconds) == _DAY else f"{abs(self.seconds)} s"
        return f"{size} {'ahead' if self.seconds > 0 else 'behind'}{' and restart' if self.restarted else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One or two parts, with a fault at the same time and for the same duration."""

    action: Action
    parts: tuple[str, ...]
    hold_seconds: float
    jump: Jump | None = None
    """For Action.CLOCK."""


def short_schedule(seed: int, parts: Sequence[str], *, cuts: bool) -> Iterator[Step]:
    """Yield one part of each kind on the path of a message, then two at a time, then wrong clocks and lost logs, and
    last power cuts.
    """
    dice = Random(seed)
    actions = _dealt([Action.KILL, Action.CUT, Action.STOP] if cuts else [Action.KILL, Action.STOP], dice)
    kinds = list(_FIRST)
    dice.shuffle(kinds)
    for number, kind in enumerate(kinds):
        # Every second fault is a kill, the most common failure of a process.
        action = Action.KILL if number % 2 == 0 else next(actions)
        yield Step(action=action, parts=(_one_of(kind, parts, dice),), hold_seconds=dice.uniform(*_SHORT_HOLD))
    pairs = (("messaging", "kafka"), ("edge", "cassandra"))
    for pair in pairs:
        two = tuple(_one_of(kind, parts, dice) for kind in pair)
        yield Step(action=next(actions), parts=two, hold_seconds=dice.uniform(*_SHORT_HOLD))
    others = [kind for kind in _WRONG_CLOCKS if kind != "messaging"]
    yield _wrong_clock(_one_of("messaging", parts, dice), dice)
    yield _lost_log(Action.LOST_LOG, parts, dice)
    yield _wrong_clock(_one_of(dice.choice(others), parts, dice), dice)
    yield _lost_log(Action.RESTORED_LOG, parts, dice)
    for kind in _WITH_DISKS:
        yield _power_cut(kind, parts, dice)
    yield _lost_log(Action.POWER_CUT_OF_ALL, parts, dice)


def only_schedule(seed: int, parts: Sequence[str], *, cuts: bool, actions: Sequence[Action]) -> Iterator[Step]:
    """Yield these actions in turn, without end. `cuts` has no effect."""
    dice = Random(seed)
    del cuts
    for action in cycle(actions):
        if action in LOG_LOSSES:
            yield _lost_log(action, parts, dice)
        elif action is Action.CLOCK:
            yield _wrong_clock(_one_of(dice.choice(_WRONG_CLOCKS), parts, dice), dice)
        elif action is Action.POWER_CUT:
            yield _power_cut(dice.choice(_WITH_DISKS), parts, dice)
        else:
            part = _one_of(dice.choice(_FIRST), parts, dice)
            yield Step(action=action, parts=(part,), hold_seconds=dice.uniform(*_SHORT_HOLD))


def long_schedule(seed: int, parts: Sequence[str], *, cuts: bool) -> Iterator[Step]:
    """Yield without end: every kind of part once, one at a time, then as many pairs. After each pair of rounds two
    wrong clocks, a power cut and a loss of the log.
    """
    dice = Random(seed)
    kinds = sorted({part.partition("-")[0] for part in parts})
    actions = _dealt([action for action in _OF_A_PART if cuts or action is not Action.CUT], dice)
    losses = cycle(dice.sample(sorted(LOG_LOSSES), len(LOG_LOSSES)))
    for round_number in count():
        dice.shuffle(kinds)
        others = kinds[1:] + kinds[:1]
        for kind, other in zip(kinds, others, strict=True):
            chosen = (kind,) if round_number % 2 == 0 else (kind, other)
            yield Step(
                action=next(actions),
                parts=tuple(_one_of(each, parts, dice) for each in chosen),
                hold_seconds=dice.uniform(*_LONG_HOLD),
            )
        if round_number % _LOG_LOSSES_EVERY == 1:
            for kind in dice.sample(_WRONG_CLOCKS, 2):
                yield _wrong_clock(_one_of(kind, parts, dice), dice)
            yield _power_cut(dice.choice(_WITH_DISKS), parts, dice)
            yield _lost_log(next(losses), parts, dice)


def _wrong_clock(part: str, dice: Random) -> Step:
    jump = Jump(seconds=dice.choice((_MINUTE, -_MINUTE, _DAY, -_DAY)), restarted=dice.random() < 0.5)
    return Step(action=Action.CLOCK, parts=(part,), hold_seconds=dice.uniform(*_SHORT_HOLD), jump=jump)


def _power_cut(kind: str, parts: Sequence[str], dice: Random) -> Step:
    part = _one_of(kind, parts, dice)
    return Step(action=Action.POWER_CUT, parts=(part,), hold_seconds=dice.uniform(*_SHORT_HOLD))


def _lost_log(action: Action, parts: Sequence[str], dice: Random) -> Step:
    brokers = tuple(part for part in parts if part.startswith("kafka-"))
    return Step(action=action, parts=brokers, hold_seconds=dice.uniform(*_SHORT_HOLD))


def _one_of(kind: str, parts: Sequence[str], dice: Random) -> str:
    return dice.choice(sorted(part for part in parts if part.startswith(f"{kind}-")))


def _dealt(actions: Sequence[Action], dice: Random) -> Iterator[Action]:
    """Yield each as often as the others, in random order."""
    while True:
        yield from dice.sample(actions, len(actions))
