"""Helpers for tests of the history: chat lists, and databases started and stopped."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from history.model import LogEvent
from history.sqlite.schema import SCHEMA
from history.view import ChatOverview, History
from kernel.ids import UserId
from kernel.log.ports import LogPosition
from kernel.sqlite.database import SqliteDatabase


async def chats_of(history: History, user_id: UserId) -> list[ChatOverview]:
    """Return all chats of a user, by last activity, newest first."""
    states = await history.chats([outline.chat_id for outline in await history.outlines_of(user_id)])
    overviews = await asyncio.gather(*(history.overview(state, user_id) for state in states.values()))
    return sorted(overviews, key=lambda overview: overview.last_activity_at, reverse=True)


async def never_refused(position: LogPosition) -> LogEvent | None:
    """Stand in for `read_again` where the shared tail refuses nothing."""
    raise AssertionError(f"the tail has refused the event at {position}")


D = TypeVar("D", bound=SqliteDatabase)


@contextmanager
def started(database: D) -> Iterator[D]:
    """Start the database with the history's tables, and stop it at the end."""
    database.start(SCHEMA)
    try:
        yield database
    finally:
        database.stop()
