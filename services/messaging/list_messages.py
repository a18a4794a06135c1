"""Lists the messages of a chat page by page, in both directions."""

from uuid import UUID

from history.model import Message
from history.ports import Window
from history.view import History
from kernel.errors import ChatlyError, KernelReason
from kernel.ids import UserId
from services.messaging.authorizer import ChatAuthorizer
from services.messaging.messages import last_message_id, page_token
from services.messaging.model import ChatAccess, Listing, Page

_CALL = "ListMessages"
_DEFAULT_SIZE = 50


class ListMessages:
    """A page token contains the id of the message at which its page ended, so the next page is found by key at any
    depth.
    """

    def __init__(self, *, authorizer: ChatAuthorizer, history: History) -> None:
        self._authorizer = authorizer
        self._history = history

    async def __call__(self, listing: Listing, *, viewer: UserId) -> Page[Message]:
        """Return one page, sorted oldest message first. Errors: see MessagingService.ListMessages."""
        access = await self._authorizer.to_read(listing.chat, viewer)
        scope = _scope(access, listing)
        after = last_message_id(_CALL, scope, listing.page_token) if listing.page_token else listing.start
        size = listing.page_size or _DEFAULT_SIZE
        # One message more than the page needs shows whether another page follows.
        window = _window(listing, after, size + 1)
        try:
            found = await self._history.page(access.chat_id, window, viewer=access.viewer)
        except ChatlyError as error:
            return await self._newest(access, listing, window, error)
        if len(found) <= size:
            return Page(found)
        page, last = (found[:size], found[size - 1]) if listing.forward else (found[-size:], found[-size])
        return Page(page, page_token(_CALL, scope, last))

    async def _newest(self, access: ChatAccess, listing: Listing, window: Window, error: ChatlyError) -> Page[Message]:
        """Return the newest messages that are not stored yet, while the store is unavailable.

        The page token continues with the stored messages. Raise `error` for a listing in the forward direction, or if
        there are no unstored messages.
        """
        if error.reason != KernelReason.STORE_UNAVAILABLE or listing.forward:
            raise error
        found = await self._history.newest_of_tail(access.chat_id, window, viewer=access.viewer)
        if not found:
            raise error
        page = found[1 - window.limit :]
        return Page(page, page_token(_CALL, _scope(access, listing), page[0]))


def _window(listing: Listing, after: UUID | None, limit: int) -> Window:
    if listing.forward:
        return Window(limit, newest_first=False, after=after)
    return Window(limit, newest_first=True, before=after)


def _scope(access: ChatAccess, listing: Listing) -> str:
    return f"{access.user_id} {access.chat_id} {listing.forward} {listing.start}"
