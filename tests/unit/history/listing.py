"""All chats of a user, as the list of chats puts them together."""

import asyncio

from history.view import ChatOverview, History
from kernel.ids import UserId


async def chats_of(history: History, user_id: UserId) -> list[ChatOverview]:
    """By last activity, the newest first."""
    states = await history.chats([outline.chat_id for outline in await history.outlines_of(user_id)])
    overviews = await asyncio.gather(*(history.overview(state, user_id) for state in states.values()))
    return sorted(overviews, key=lambda overview: overview.last_activity_at, reverse=True)
