"""How long and how often everything is measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A quick run is for trying whether all is well: its numbers are no findings."""

    rounds: int = 3
    warm_up_seconds: float = 2
    seconds: float = 8.0
    quick: bool = False


QUICK = Scale(rounds=1, warm_up_seconds=1, seconds=3, quick=True)
