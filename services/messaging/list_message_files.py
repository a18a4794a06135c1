"""Lists the stored messages that have files."""

from history.ports import MessageFiles, StoreScan
from kernel.paging import PageTokens
from services.messaging.model import Page

_CALL = "ListMessageFiles"
_DEFAULT_SIZE = 500


class ListMessageFiles:
    """Reads the store alone, because the log still has what is not stored."""

    def __init__(self, *, scan: StoreScan) -> None:
        self._scan = scan

    async def __call__(self, *, page_size: int, page_token: str) -> Page[MessageFiles]:
        """Return one page, in no particular order. Errors: see MessagingService.ListMessageFiles."""
        after = PageTokens.decode(_CALL, "", page_token) if page_token else b""
        page = await self._scan.files(after=after, limit=page_size or _DEFAULT_SIZE)
        return Page(page.messages, PageTokens.encode(_CALL, "", page.next_after) if page.next_after else "")
