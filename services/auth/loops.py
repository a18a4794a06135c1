"""Background jobs that refresh keys and ended sessions, and that delete expired rows."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from kernel.errors import ChatlyError, Code
from kernel.telemetry.logs import logger
from kernel.time import Clock
from services.auth.model import REFRESH_GRACE, SESSION_IDLE
from services.auth.ports import ExpiryCleanup

Job = Callable[[], Awaitable[None]]


async def every(seconds: float, job: Job, *, name: str) -> None:
    """Run a job at an interval until cancelled. If the store is unavailable, write a warning and continue."""
    log = logger("auth")
    while True:
        await asyncio.sleep(seconds)
        try:
            await job()
        except ChatlyError as error:
            if error.code is not Code.UNAVAILABLE:
                raise
            log.warning("background job failed, will retry", job=name, error=str(error))


def expiry_job(store: ExpiryCleanup, clock: Clock) -> Job:
    """Return a job that deletes rows that no refresh needs any more."""

    async def job() -> None:
        now = clock.now()
        await store.delete_expired(
            # Twice the grace period: a refresh that finds a spent token at the end of the grace period still needs the
            # token's salt.
            salts_before=now - 2 * REFRESH_GRACE,
            sessions_before=now - SESSION_IDLE - timedelta(days=1),
        )

    return job
