"""Changing the caller's profile."""

from kernel.ids import UserId
from kernel.time import Clock
from services.auth.model import Account, ProfileChange, session_ended
from services.auth.names import check_username
from services.auth.ports import AccountChanges, Avatars


class UpdateMe:
    """Changes what is named; naming nothing is not an error."""

    def __init__(self, *, changes: AccountChanges, avatars: Avatars, clock: Clock) -> None:
        self._changes = changes
        self._avatars = avatars
        self._clock = clock

    async def __call__(self, user_id: UserId, change: ProfileChange) -> Account:
        """Errors: `USERNAME_TAKEN`, `INVALID_FIELD`, `MEDIA_NOT_FOUND`, `MEDIA_FORBIDDEN`, `SERVICE_UNAVAILABLE`."""
        if change.username is not None:
            check_username(change.username)
        if change.avatar_media_id:
            await self._avatars.check(change.avatar_media_id, owner=user_id)
        account = await self._changes.change_profile(user_id, change, at=self._clock.now())
        if account is None:
            raise session_ended()
        return account
