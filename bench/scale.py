"""Duration and repetitions of every measurement."""

from dataclasses import dataclass
from math import inf
from time import monotonic


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A quick run checks that everything works. Its numbers are no findings."""

    rounds: int = 3
    warm_up_seconds: float = 2
    seconds: float = 8.0
    quick: bool = False
    until: float = inf
    """On the monotonic clock: no measurement starts later, and the results so far are reported."""

    @property
    def over(self) -> bool:
        return monotonic() > self.until


QUICK = Scale(rounds=1, warm_up_seconds=1, seconds=3, quick=True)
