"""Applies dead letters again, for instance with a newer program that can read them."""

from collections.abc import Sequence
from dataclasses import dataclass

from history.ports import DeadLetters
from kernel.log.ports import LogPosition
from services.persister.announce import Announce


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many were applied, and how many failed again."""

    applied: int
    failed: int


class ReplayDeadLetters:
    """Those that succeed leave the list, and are told to everybody who is connected."""

    def __init__(self, *, dead_letters: DeadLetters, announce: Announce) -> None:
        self._dead_letters = dead_letters
        self._announce = announce

    async def __call__(self, positions: Sequence[LogPosition]) -> Replayed:
        """`positions` empty: all. Raises NOT_FOUND `DEAD_LETTER_NOT_FOUND`, and applies none, if one is not listed."""
        applied, succeeded = await self._dead_letters.replay(list(dict.fromkeys(positions)) or None)
        await self._announce(applied)
        return Replayed(succeeded, applied.dead)
