"""Erase the data that auth and other services store about a user."""

from collections.abc import Sequence
from functools import partial

from kernel.errors import ChatlyError
from kernel.ids import UserId
from kernel.time import Clock
from services.auth import attempts
from services.auth.model import Account, Session
from services.auth.names import fold
from services.auth.ports import (
    AccountChanges,
    AccountStore,
    AttemptLimiter,
    BlockStore,
    MessagesOfUsers,
    PersonalData,
    RefreshTokenStore,
    SessionEndings,
    SessionStore,
)


class EraseAccount:
    """Erases the data of one user. Safe to repeat: `EraseDue` calls it again until every step has succeeded."""

    def __init__(
        self,
        *,
        accounts: AccountStore,
        changes: AccountChanges,
        sessions: SessionStore,
        endings: SessionEndings,
        refresh_tokens: RefreshTokenStore,
        blocks: BlockStore,
        limiter: AttemptLimiter,
        others: Sequence[PersonalData],
        messages: MessagesOfUsers,
        clock: Clock,
    ) -> None:
        """`others`: the other services that store personal data."""
        self._accounts = accounts
        self._changes = changes
        self._sessions = sessions
        self._endings = endings
        self._refresh_tokens = refresh_tokens
        self._blocks = blocks
        self._limiter = limiter
        self._others = others
        self._messages = messages
        self._clock = clock

    async def __call__(self, user_id: UserId, *, delete_messages: bool = False) -> None:
        """Erase the user's data in auth, then in each other service.

        If a service fails, try the remaining ones, then raise the first error.
        """
        await self.in_auth(user_id)
        failures: list[ChatlyError] = []
        # Messages come last, because many of them take minutes.
        steps = [partial(other.erase, user_id) for other in self._others]
        steps.append(partial(self._messages.erase, user_id, delete_messages=delete_messages))
        for step in steps:
            try:
                await step()
            except ChatlyError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    async def in_auth(self, user_id: UserId) -> None:
        """End the user's sessions and replace the account by a tombstone.

        Other users can then take the e-mail address and the username.
        """
        account = (await self._accounts.get([user_id])).get(user_id)
        sessions = await self._sessions.of_user(user_id)
        if account is not None and account.deleted_at is None:
            await self._reset_attempts(account, sessions)
        await self._end(sessions)
        await self._blocks.clear(user_id)
        await self._changes.delete(user_id, at=self._clock.now())
        # End sessions again: a concurrent login may have started one.
        await self._end(await self._sessions.of_user(user_id))

    async def _end(self, sessions: Sequence[Session]) -> None:
        session_ids = [session.session_id for session in sessions]
        # Delete the tokens first: after a crash, the repeated erasure does not find sessions that have ended.
        await self._refresh_tokens.delete(session_ids)
        await self._endings.end(session_ids, at=self._clock.now())

    async def _reset_attempts(self, account: Account, sessions: Sequence[Session]) -> None:
        folded = fold(account.email)
        keys = {attempts.account_key(folded), attempts.confirm_key(account.user_id)}
        for session in sessions:
            keys |= {attempts.home_key(folded, session.address), attempts.pair_key(folded, session.address)}
        for key in keys:
            await self._limiter.reset(key)
