"""Rotation of signing keys: the current key, the published keys, and the next one."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from services.auth.keys import PUBLISHED_AHEAD, KeyRing
from services.auth.model import SigningKey
from tests.fakes import FakeClock

DAY = 24 * 3600


class FakeKeys:
    """KeyStore in memory, shared by the nodes of a test."""

    def __init__(self) -> None:
        self.keys: dict[int, SigningKey] = {}
        self.rejected = 0

    async def all(self) -> Sequence[SigningKey]:
        found = [self.keys[number] for number in sorted(self.keys)]
        # Let another node run before this one uses the result.
        await asyncio.sleep(0)
        return found

    async def add(self, key: SigningKey) -> bool:
        added = self.keys.setdefault(key.number, key) is key
        self.rejected += not added
        return added

    async def remove(self, number: int) -> None:
        self.keys.pop(number, None)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store() -> FakeKeys:
    return FakeKeys()


@pytest.fixture
def node(store: FakeKeys, clock: FakeClock) -> KeyRing:
    return a_node(store, clock)


def a_node(store: FakeKeys, clock: FakeClock) -> KeyRing:
    return KeyRing(store=store, clock=clock, rotate_every=timedelta(days=30), token_life=timedelta(minutes=15))


def kids(node: KeyRing) -> list[str]:
    return [key.kid for key in node.published()]


async def run_for(node: KeyRing, clock: FakeClock, *, minutes: int) -> None:
    for _ in range(minutes):
        clock.advance(60)
        await node.refresh()


async def test_the_first_start_creates_a_key_that_signs_at_once(node: KeyRing) -> None:
    await node.refresh()

    assert kids(node) == [node.signing().kid]


async def test_a_restart_keeps_the_key(node: KeyRing, store: FakeKeys, clock: FakeClock) -> None:
    await node.refresh()
    restarted = a_node(store, clock)
    await restarted.refresh()

    assert restarted.signing() == node.signing()


async def test_two_nodes_that_start_together_use_one_key(store: FakeKeys, clock: FakeClock) -> None:
    one, other = a_node(store, clock), a_node(store, clock)

    await asyncio.gather(one.refresh(), other.refresh())

    assert store.rejected == 1
    assert one.signing() == other.signing()


async def test_the_next_key_is_published_ten_minutes_before_it_signs(node: KeyRing, clock: FakeClock) -> None:
    await node.refresh()
    first = node.signing().kid
    clock.advance(30 * DAY - PUBLISHED_AHEAD.total_seconds())
    await node.refresh()
    published = kids(node)

    assert len(published) == 2
    assert node.signing().kid == first

    await run_for(node, clock, minutes=9)
    assert node.signing().kid == first
    await run_for(node, clock, minutes=1)
    assert node.signing().kid == published[1] != first


async def test_an_old_key_stays_until_its_last_token_has_expired(
    node: KeyRing, store: FakeKeys, clock: FakeClock
) -> None:
    await node.refresh()
    first = node.signing().kid
    clock.advance(30 * DAY)
    await run_for(node, clock, minutes=11)
    assert node.signing().kid != first

    await run_for(node, clock, minutes=15)
    assert first in kids(node)
    assert node.find(first) is not None

    await run_for(node, clock, minutes=10)
    assert first not in kids(node)
    assert node.find(first) is None
    assert [key.kid for key in store.keys.values()] == [node.signing().kid]


async def test_a_node_that_missed_a_rotation_still_publishes_before_signing(node: KeyRing, clock: FakeClock) -> None:
    await node.refresh()
    first = node.signing().kid
    clock.advance(300 * DAY)
    await node.refresh()

    assert node.signing().kid == first
    assert len(kids(node)) == 2
