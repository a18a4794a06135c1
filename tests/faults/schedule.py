"""What is done to the mesh, in which order, for how long: chosen by a seed, so that a run can be had again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random

from tests.faults.checker.timeline import Hurt

SHORT = 8
"""Faults of a short run."""
_SHORT_HOLD = (4.0, 7.0)
_LONG_HOLD = (3.0, 20.0)
_FIRST = ("messaging", "edge", "kafka", "cassandra", "persister", "redis")
"""Kinds of parts on a message's way: a short run hurts each of them once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One or two parts, hurt at the same time and for as long."""

    hurt: Hurt
    parts: tuple[str, ...]
    hold_seconds: float


def short_schedule(seed: int, parts: Sequence[str], *, cuts: bool) -> Iterator[Step]:
    """One part of each kind on a message's way, then two at a time."""
    dice = Random(seed)
    hurts = _dealt([Hurt.KILL, Hurt.CUT, Hurt.STOP] if cuts else [Hurt.KILL, Hurt.STOP], dice)
    kinds = list(_FIRST)
    dice.shuffle(kinds)
    for number, kind in enumerate(kinds):
        # Every second one is killed: what most often happens to a process.
        hurt = Hurt.KILL if number % 2 == 0 else next(hurts)
        yield Step(hurt=hurt, parts=(_one_of(kind, parts, dice),), hold_seconds=dice.uniform(*_SHORT_HOLD))
    pairs = (("messaging", "kafka"), ("edge", "cassandra"))
    for pair in pairs:
        two = tuple(_one_of(kind, parts, dice) for kind in pair)
        yield Step(hurt=next(hurts), parts=two, hold_seconds=dice.uniform(*_SHORT_HOLD))


def long_schedule(seed: int, parts: Sequence[str], *, cuts: bool) -> Iterator[Step]:
    """Without end. By turns: every kind of part once, one at a time, then as many pairs."""
    dice = Random(seed)
    kinds = sorted({part.partition("-")[0] for part in parts})
    hurts = _dealt([hurt for hurt in Hurt if hurt is not Hurt.NOTHING and (cuts or hurt is not Hurt.CUT)], dice)
    for round_number in count():
        dice.shuffle(kinds)
        others = kinds[1:] + kinds[:1]
        for kind, other in zip(kinds, others, strict=True):
            chosen = (kind,) if round_number % 2 == 0 else (kind, other)
            yield Step(
                hurt=next(hurts),
                parts=tuple(_one_of(each, parts, dice) for each in chosen),
                hold_seconds=dice.uniform(*_LONG_HOLD),
            )


def _one_of(kind: str, parts: Sequence[str], dice: Random) -> str:
    return dice.choice(sorted(part for part in parts if part.startswith(f"{kind}-")))


def _dealt(hurts: Sequence[Hurt], dice: Random) -> Iterator[Hurt]:
    """Each as often as the others, in an order of chance."""
    while True:
        yield from dice.sample(hurts, len(hurts))
