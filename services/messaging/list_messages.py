"""Lists the messages of a chat by pages, both ways."""

from uuid import UUID

from history.model import Message
from history.ports import Window
from history.view import History
from kernel.errors import ChatlyError, Code, KernelReason
from kernel.ids import UserId, from_time_key, time_key
from kernel.paging import PageTokens
from services.messaging.members import Members
from services.messaging.model import Listing, Page, Seat

_DEFAULT_SIZE = 50
_KEY_BYTES = 16


class ListMessages:
    """A page token holds the last message shown: each page is found by its key, however deep."""

    def __init__(self, *, members: Members, history: History) -> None:
        self._members = members
        self._history = history

    async def __call__(self, listing: Listing, *, viewer: UserId) -> Page[Message]:
        """One page, oldest message first. Errors: as MessagingService.ListMessages lists them."""
        seat = await self._members.reading(listing.chat, viewer)
        scope = _scope(seat, listing)
        after = _position(scope, listing.page_token) if listing.page_token else listing.start
        size = listing.page_size or _DEFAULT_SIZE
        # One more than asked for tells whether there is a next page.
        window = _window(listing, after, size + 1)
        try:
            found = await self._history.page(seat.chat_id, window, viewer=viewer)
        except ChatlyError as error:
            return await self._newest(seat, listing, window, error)
        if len(found) <= size:
            return Page(found)
        page, last = (found[:size], found[size - 1]) if listing.forward else (found[-size:], found[-size])
        return Page(page, _token(scope, last))

    async def _newest(self, seat: Seat, listing: Listing, window: Window, error: ChatlyError) -> Page[Message]:
        """What is not stored yet can be read while the store is away; what lies before it is asked for by the token."""
        if error.reason != KernelReason.STORE_UNAVAILABLE or listing.forward:
            raise error
        found = await self._history.newest_of_tail(seat.chat_id, window, viewer=seat.user_id)
        if not found:
            raise error
        page = found[1 - window.limit :]
        return Page(page, _token(_scope(seat, listing), page[0]))


def _token(scope: str, last: Message) -> str:
    return PageTokens.encode("ListMessages", scope, time_key(last.message_id))


def _window(listing: Listing, after: UUID | None, limit: int) -> Window:
    if listing.forward:
        return Window(limit, newest_first=False, after=after)
    return Window(limit, newest_first=True, before=after)


def _scope(seat: Seat, listing: Listing) -> str:
    return f"{seat.user_id} {seat.chat_id} {listing.forward} {listing.start}"


def _position(scope: str, token: str) -> UUID:
    key = PageTokens.decode("ListMessages", scope, token)
    if len(key) != _KEY_BYTES:
        raise ChatlyError(Code.INVALID_ARGUMENT, KernelReason.INVALID_PAGE_TOKEN, "page_token: holds no position")
    return from_time_key(key)
