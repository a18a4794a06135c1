"""The faults of a run, their order and duration, chosen by a seed so that a run can be repeated."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random

from tests.faults.checker.timeline import Action

SHORT = 8
"""Number of faults of a short run."""
_SHORT_HOLD = (4.0, 7.0)
_LONG_HOLD = (3.0, 20.0)
_FIRST = ("messaging", "edge", "kafka", "cassandra", "persister", "redis")
"""Kinds of parts on the path of a message: a short run injects a fault into each of them once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One or two parts, with a fault at the same time and for the same duration."""

    action: Action
    parts: tuple[str, ...]
    hold_seconds: float


def short_schedule(seed: int, parts: Sequence[str], *, cuts: bool) -> Iterator[Step]:
    """Yield one part of each kind on the path of a message, then two at a time."""
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


def long_schedule(seed: int, parts: Sequence[str], *, cuts: bool) -> Iterator[Step]:
    """Yield without end: every kind of part once, one at a time, then as many pairs."""
    dice = Random(seed)
    kinds = sorted({part.partition("-")[0] for part in parts})
    actions = _dealt(
        [action for action in Action if action is not Action.NOTHING and (cuts or action is not Action.CUT)], dice
    )
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


def _one_of(kind: str, parts: Sequence[str], dice: Random) -> str:
    return dice.choice(sorted(part for part in parts if part.startswith(f"{kind}-")))


def _dealt(actions: Sequence[Action], dice: Random) -> Iterator[Action]:
    """Yield each as often as the others, in random order."""
    while True:
        yield from dice.sample(actions, len(actions))
