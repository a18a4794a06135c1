"""The cache of ended sessions."""

from collections.abc import Collection
from datetime import datetime, timedelta

import pytest

from kernel.ids import SessionId
from services.auth.revocations import Revocations
from tests.fakes import FakeClock

ONE, OTHER = SessionId("one"), SessionId("other")


class FakeEndings:
    """SessionEndings in memory, shared by the nodes of a test; `meanwhile` ends a session during each read."""

    def __init__(self) -> None:
        self.ended: dict[SessionId, datetime] = {}
        self.meanwhile: Revocations | None = None

    async def end(self, session_ids: Collection[SessionId], *, at: datetime) -> int:
        fresh = [session_id for session_id in session_ids if session_id not in self.ended]
        self.ended.update(dict.fromkeys(fresh, at))
        return len(fresh)

    async def ended_since(self, time: datetime) -> Collection[SessionId]:
        answer = [session_id for session_id, at in self.ended.items() if at >= time]
        if self.meanwhile is not None:
            await self.meanwhile.end([OTHER], at=time + timedelta(minutes=20))
        return answer


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def endings() -> FakeEndings:
    return FakeEndings()


def a_node(endings: FakeEndings, clock: FakeClock) -> Revocations:
    return Revocations(endings=endings, clock=clock, token_life=timedelta(minutes=15))


async def test_an_ended_session_counts_at_once_here_and_after_a_refresh_elsewhere(
    endings: FakeEndings, clock: FakeClock
) -> None:
    node, other_node = a_node(endings, clock), a_node(endings, clock)

    assert await node.end([ONE], at=clock.now()) == 1

    assert ONE in node.revoked
    assert OTHER not in node.revoked
    assert ONE not in other_node.revoked
    await other_node.refresh()
    assert ONE in other_node.revoked


async def test_a_session_that_ends_during_a_refresh_is_kept(endings: FakeEndings, clock: FakeClock) -> None:
    node = a_node(endings, clock)
    await node.end([ONE], at=clock.now())
    endings.meanwhile = node

    await node.refresh()

    assert ONE in node.revoked
    assert OTHER in node.revoked


async def test_a_session_is_dropped_after_its_last_token_has_expired_on_every_clock(
    endings: FakeEndings, clock: FakeClock
) -> None:
    node = a_node(endings, clock)
    await node.end([ONE], at=clock.now())

    clock.advance(15 * 60 + 5 * 60)
    await node.refresh()
    assert ONE in node.revoked
    clock.advance(1)
    await node.refresh()

    assert ONE not in node.revoked
