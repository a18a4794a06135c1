"""Change the caller's password."""

from kernel.ids import SessionId, UserId
from services.auth.credentials import Credentials
from services.auth.errors import wrong_credentials
from services.auth.hashing import Client
from services.auth.passwords import Passwords, check_new_password
from services.auth.ports import AccountChanges
from services.auth.sessions import Sessions


class ChangePassword:
    def __init__(
        self, *, credentials: Credentials, changes: AccountChanges, sessions: Sessions, passwords: Passwords
    ) -> None:
        self._credentials = credentials
        self._changes = changes
        self._sessions = sessions
        self._passwords = passwords

    async def __call__(self, user_id: UserId, *, current: str, new: str, keep: SessionId) -> int:
        """Replace the password, end all sessions except `keep`, and return how many were ended.

        Errors: `WRONG_CREDENTIALS`, `PASSWORD_TOO_LONG`, `RATE_LIMITED`.
        """
        check_new_password(new, field="new_password")
        account = await self._credentials.confirm(user_id, current)
        new_hash = await self._passwords.hash(new, client=Client(user_id))
        ended = await self._sessions.end_all(user_id, keep=keep)
        changed = await self._changes.set_password(user_id, old_hash=account.password_hash, new_hash=new_hash)
        if changed is None:
            raise wrong_credentials()
        # End sessions again: a concurrent login may have started one with the old password.
        return ended + await self._sessions.end_all(user_id, keep=keep)
