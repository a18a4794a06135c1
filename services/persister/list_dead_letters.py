"""Records that could not be applied, page by page."""

from collections.abc import Sequence
from dataclasses import dataclass

from history.codec import read_varint, varint
from history.ports import DeadLetter, DeadLetters
from kernel.log.ports import LogPosition
from kernel.paging import PageTokens

DEFAULT_PAGE_SIZE = 50
_KIND = "ListDeadLetters"


@dataclass(frozen=True, slots=True)
class DeadLetterPage:
    """Some dead letters, and where the list goes on; empty: nowhere."""

    letters: Sequence[DeadLetter]
    next_page_token: str


class ListDeadLetters:
    """The newest first."""

    def __init__(self, *, dead_letters: DeadLetters) -> None:
        self._dead_letters = dead_letters

    async def __call__(self, *, page_size: int, page_token: str) -> DeadLetterPage:
        """`page_size` 0: DEFAULT_PAGE_SIZE. Raises INVALID_ARGUMENT `INVALID_PAGE_TOKEN`."""
        limit = page_size or DEFAULT_PAGE_SIZE
        before = _position(PageTokens.decode(_KIND, "", page_token)) if page_token else None
        letters = await self._dead_letters.page(before=before, limit=limit + 1)
        shown = letters[:limit]
        more = len(letters) > limit
        return DeadLetterPage(shown, _token(shown[-1].record.position) if more else "")


def _token(position: LogPosition) -> str:
    return PageTokens.encode(_KIND, "", varint(position.partition) + varint(position.offset))


def _position(data: bytes) -> LogPosition:
    partition, end = read_varint(data)
    return LogPosition(partition, read_varint(data, end)[0])
