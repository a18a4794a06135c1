"""Makes events: gives each its id, later than everything it follows, and its time."""

from collections.abc import Callable, Iterable
from uuid import UUID

from history.model import Change, ChatEvent
from kernel.ids import HybridClock, UserId
from kernel.time import Clock
from services.messaging.model import Seat


class Events:
    """The only maker of events beside the persister."""

    def __init__(self, *, ids: HybridClock, clock: Clock, request_id: Callable[[], str]) -> None:
        """`request_id`: that of the call being served."""
        self._ids = ids
        self._clock = clock
        self._request_id = request_id

    def next_id(self, seat: Seat, *, after: Iterable[UUID | None] = ()) -> UUID:
        """An id later than the chat's newest message, as far as known here, and than all of `after`."""
        for earlier in (seat.state.last_message_id, *after):
            if earlier is not None:
                self._ids.observe(earlier)
        return self._ids.next()

    def make(self, seat: Seat, change: Change, *, event_id: UUID, audience: tuple[UserId, ...] = ()) -> ChatEvent:
        """The change, done now by the one who sits there."""
        return ChatEvent(
            event_id=event_id,
            chat_id=seat.chat_id,
            actor_id=seat.user_id,
            occurred_at=self._clock.now(),
            change=change,
            audience=audience,
            request_id=self._request_id(),
        )
