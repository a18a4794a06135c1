"""Changing the caller's password."""

from kernel.ids import SessionId, UserId
from kernel.time import Clock
from services.auth.credentials import Credentials
from services.auth.model import wrong_credentials
from services.auth.passwords import Passwords, check_new_password
from services.auth.ports import AccountChanges, SessionEndings, SessionStore


class ChangePassword:
    """Replaces a password and ends all the user's sessions but one."""

    def __init__(
        self,
        *,
        credentials: Credentials,
        changes: AccountChanges,
        sessions: SessionStore,
        endings: SessionEndings,
        passwords: Passwords,
        clock: Clock,
    ) -> None:
        self._credentials = credentials
        self._changes = changes
        self._sessions = sessions
        self._endings = endings
        self._passwords = passwords
        self._clock = clock

    async def __call__(self, user_id: UserId, *, current: str, new: str, keep: SessionId) -> int:
        """Returns how many sessions were ended. Errors: `WRONG_CREDENTIALS`, `PASSWORD_TOO_LONG`, `RATE_LIMITED`."""
        check_new_password(new, field="new_password")
        account = await self._credentials.confirm(user_id, current)
        new_hash = await self._passwords.hash(new)
        ended = await self._end_sessions(user_id, but=keep)
        changed = await self._changes.set_password(user_id, old_hash=account.password_hash, new_hash=new_hash)
        if changed is None:
            raise wrong_credentials()
        # Once more, for a login with the old password that was just under way.
        return ended + await self._end_sessions(user_id, but=keep)

    async def _end_sessions(self, user_id: UserId, *, but: SessionId) -> int:
        others = [each.session_id for each in await self._sessions.of_user(user_id) if each.session_id != but]
        return await self._endings.end(others, at=self._clock.now())
