"""Gives dead letters another chance, for instance with a newer program that can read them."""

from collections.abc import Sequence
from dataclasses import dataclass

from history.codec import decode_record
from history.ports import DeadLetter, DeadLetters
from kernel.log.ports import EventLog, LogPosition, LogRecord

_PAGE = 200


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many are on the log again, and how many still cannot be read."""

    replayed: int
    failed: int


class ReplayDeadLetters:
    """Puts them on the log again, from where they are applied like everything else: by whoever has their partition.

    So any persister can be asked, and only one numbers the messages of a chat.
    """

    def __init__(self, *, dead_letters: DeadLetters, log: EventLog) -> None:
        self._dead_letters = dead_letters
        self._log = log

    async def __call__(self, positions: Sequence[LogPosition]) -> Replayed:
        """`positions` empty: all. Raises NOT_FOUND `DEAD_LETTER_NOT_FOUND`, and replays none, if one is not listed."""
        letters = await self._dead_letters.at(list(dict.fromkeys(positions))) if positions else await self._all()
        replayed = 0
        # In log order: of two sends of one name the first is the message.
        for letter in sorted(
            letters, key=lambda letter: (letter.record.position.partition, letter.record.position.offset)
        ):
            replayed += await self._replay(letter.record)
        return Replayed(replayed, len(letters) - replayed)

    async def _replay(self, record: LogRecord) -> bool:
        """Whether it could be read."""
        try:
            decode_record(record)
        except ValueError:
            return False
        await self._log.append(record.key, record.value)
        # Only now: one that is replayed twice has the same event_id, and changes nothing.
        await self._dead_letters.remove(record.position)
        return True

    async def _all(self) -> Sequence[DeadLetter]:
        letters: list[DeadLetter] = []
        page = await self._dead_letters.page(before=None, limit=_PAGE)
        while page:
            letters += page
            page = await self._dead_letters.page(before=page[-1].record.position, limit=_PAGE)
        return letters
