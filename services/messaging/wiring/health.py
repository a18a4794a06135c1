"""When a messaging node is of no use."""

import asyncio
from collections.abc import Awaitable

from history.ports import EventReader
from kernel.log.ports import LogReader

_PATIENCE_SECONDS = 1.0


async def what_is_broken(log: LogReader, events: EventReader) -> str | None:
    """Without the log people go on reading, without the store they go on writing: a node is of no use without both.

    One that hangs is broken too, and does not keep the other one's answer from being heard.
    """
    log_is, store_is = await asyncio.gather(_complaint(log.ends(), "log"), _complaint(events.stored(), "store"))
    return f"{log_is}; {store_is}" if log_is and store_is else None


async def _complaint(answer: Awaitable[object], name: str) -> str | None:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await answer
    except TimeoutError:
        return f"the {name} does not answer within {_PATIENCE_SECONDS:g} s"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is broken
        return str(error) or type(error).__name__
    return None
