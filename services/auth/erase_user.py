"""Erase the account of any user, for an operator."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from kernel.ids import UserId
from kernel.time import Clock
from services.auth.erase_account import EraseAccount
from services.auth.errors import user_not_found
from services.auth.model import CLOCK_SLACK, Account, Erasure
from services.auth.names import fold
from services.auth.ports import AccountStore, BlockStore, ErasureStore, SessionStore, UserDirectory


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasedUser:
    """The erased account. The numbers are those before the erasure."""

    account: Account
    sessions: int
    blocked_users: int
    repeats_at: datetime | None
    """When the planned erasure begins. None if nothing was erased."""


class EraseUser:
    """Erases the data in auth, and plans an erasure in all services before that.

    The command calls the other services itself, and reports its progress. The planned erasure completes the command
    after a crash, and removes what calls in progress have stored.
    """

    def __init__(
        self,
        *,
        accounts: AccountStore,
        directory: UserDirectory,
        sessions: SessionStore,
        blocks: BlockStore,
        erasures: ErasureStore,
        erase: EraseAccount,
        clock: Clock,
        token_life: timedelta,
    ) -> None:
        self._accounts = accounts
        self._directory = directory
        self._sessions = sessions
        self._blocks = blocks
        self._erasures = erasures
        self._erase = erase
        self._clock = clock
        self._again_after = token_life + CLOCK_SLACK

    async def __call__(self, user: str, *, delete_messages: bool, validate_only: bool) -> ErasedUser:
        """Erase a user by id or name. With `validate_only`, only look up the user. Errors: USER_NOT_FOUND."""
        account = await self._find(user)
        user_id = account.user_id
        sessions = len(await self._sessions.of_user(user_id))
        blocked_users = len((await self._blocks.blocked_by([user_id])).get(user_id, ()))
        repeats_at = None
        if not validate_only:
            repeats_at = self._clock.now() + self._again_after
            await self._erasures.add([Erasure(user_id, repeats_at, delete_messages)])
            await self._erase.in_auth(user_id)
        return ErasedUser(account=account, sessions=sessions, blocked_users=blocked_users, repeats_at=repeats_at)

    async def _find(self, user: str) -> Account:
        if _is_id(user):
            user_id = UserId(user.lower())
            found = (await self._accounts.get([user_id])).get(user_id)
        else:
            # An equal name sorts before all longer names.
            page = await self._directory.page(prefix=fold(user), after="", limit=1)
            found = next((account for account in page if fold(account.username) == fold(user)), None)
        if found is None:
            raise user_not_found()
        return found


def _is_id(user: str) -> bool:
    try:
        return str(UUID(user)) == user.lower()
    except ValueError:
        return False
