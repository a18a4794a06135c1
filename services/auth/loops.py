"""What auth does beside answering calls: reading keys and ended sessions again, and forgetting what has run out."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from kernel.errors import ChatlyError, Code
from kernel.telemetry.logs import logger
from kernel.time import Clock
from services.auth.model import REFRESH_GRACE, SESSION_IDLE
from services.auth.ports import Forgetting

Job = Callable[[], Awaitable[None]]


async def every(seconds: float, job: Job, *, name: str) -> None:
    """Do a job for ever, with a pause before each time. While the store is away it is logged and tried again."""
    log = logger("auth")
    while True:
        await asyncio.sleep(seconds)
        try:
            await job()
        except ChatlyError as error:
            if error.code is not Code.UNAVAILABLE:
                raise
            log.warning("put off", job=name, error=str(error))


def forget_outlived(store: Forgetting, clock: Clock) -> Job:
    """A job that drops what no refresh can ask for any more."""

    async def job() -> None:
        now = clock.now()
        # Twice the grace, so that a rotation read just before its end can still be followed.
        await store.forget(salts_before=now - 2 * REFRESH_GRACE, sessions_before=now - SESSION_IDLE - timedelta(days=1))

    return job
