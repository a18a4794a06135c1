"""Lists dead letters, and replays them once a newer version of Chatly can read them."""

from collections.abc import Sequence

from history.codec import decode_record, read_varint, varint
from history.ports import DeadLetter, DeadLetters
from kernel.log.ports import EventLog, LogPosition, LogRecord
from kernel.paging import PageTokens
from services.persister.errors import dead_letter_not_found
from services.persister.model import DeadLetterPage, ReplayResult

DEFAULT_PAGE_SIZE = 50
_PAGE_KIND = "ListDeadLetters"
_REPLAY_PAGE_SIZE = 200


class ListDeadLetters:
    def __init__(self, *, dead_letters: DeadLetters) -> None:
        self._dead_letters = dead_letters

    async def __call__(self, *, page_size: int, page_token: str) -> DeadLetterPage:
        """Return one page, newest first. A `page_size` of 0 means DEFAULT_PAGE_SIZE.

        Raise `INVALID_PAGE_TOKEN` if the token is not from this list.
        """
        limit = page_size or DEFAULT_PAGE_SIZE
        before = _position(PageTokens.decode(_PAGE_KIND, "", page_token)) if page_token else None
        letters = await self._dead_letters.page(before=before, limit=limit + 1)
        shown = letters[:limit]
        more = len(letters) > limit
        return DeadLetterPage(shown, _token(shown[-1].record.position) if more else "")


class ReplayDeadLetters:
    """Appends dead letters to the end of the log. The owner of their partition then stores them like any other record.

    Any persister can therefore replay dead letters, and only the owner assigns `seq`.
    """

    def __init__(self, *, dead_letters: DeadLetters, log: EventLog) -> None:
        self._dead_letters = dead_letters
        self._log = log

    async def __call__(self, positions: Sequence[LogPosition]) -> ReplayResult:
        """Replay these dead letters, or all dead letters if the list is empty.

        Raise NOT_FOUND `DEAD_LETTER_NOT_FOUND`, and replay none, if a position has no dead letter.
        """
        letters = await self._at(list(dict.fromkeys(positions))) if positions else await self._all()
        replayed = 0
        # Replay in log order: of two sends with one client_message_id, the first creates the message.
        for letter in sorted(
            letters, key=lambda letter: (letter.record.position.partition, letter.record.position.offset)
        ):
            replayed += await self._replay(letter.record)
        return ReplayResult(replayed, len(letters) - replayed)

    async def _replay(self, record: LogRecord) -> bool:
        """Return whether the record is readable. Append a readable record to the log and remove its dead letter."""
        try:
            decode_record(record)
        except ValueError:
            return False
        await self._log.append(record.key, record.value)
        # Remove the dead letter after the append. A crash in between appends the record twice. This is harmless,
        # because both copies have the same event id.
        await self._dead_letters.remove(record.position)
        return True

    async def _at(self, positions: Sequence[LogPosition]) -> Sequence[DeadLetter]:
        letters = await self._dead_letters.at(positions)
        found = {letter.record.position for letter in letters}
        for position in positions:
            if position not in found:
                raise dead_letter_not_found(position)
        return letters

    async def _all(self) -> Sequence[DeadLetter]:
        letters: list[DeadLetter] = []
        page = await self._dead_letters.page(before=None, limit=_REPLAY_PAGE_SIZE)
        while page:
            letters += page
            page = await self._dead_letters.page(before=page[-1].record.position, limit=_REPLAY_PAGE_SIZE)
        return letters


def _token(position: LogPosition) -> str:
    return PageTokens.encode(_PAGE_KIND, "", varint(position.partition) + varint(position.offset))


def _position(data: bytes) -> LogPosition:
    partition, end = read_varint(data)
    return LogPosition(partition, read_varint(data, end)[0])
