"""Use case: the states of some users, as far as the caller may see them."""

from collections.abc import Sequence

from kernel.ids import UserId
from services.presence.contacts import ContactBook
from services.presence.lookup import PresenceLookup
from services.presence.model import Presence

_CONTACTS_MAX_AGE = 5.0


class GetPresence:
    """Asks nobody but the contact list who may see whom."""

    def __init__(self, *, book: ContactBook, lookup: PresenceLookup) -> None:
        self._book = book
        self._lookup = lookup

    async def __call__(self, user_ids: Sequence[UserId], *, caller: UserId) -> Sequence[Presence]:
        """One for each user, in the order asked for. Strangers, known or not, are offline and nothing else."""
        visible = await self._book.visible_to(caller, max_age=_CONTACTS_MAX_AGE)
        found = await self._lookup.read(visible.intersection(user_ids))
        return [found.get(user_id) or Presence(user_id) for user_id in user_ids]
