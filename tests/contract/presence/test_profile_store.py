"""Contract of ProfileStore, for every adapter."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kernel.errors import ChatlyError, KernelReason
from services.presence.adapters.cassandra.profiles import CassandraProfileStore, presence_schema
from services.presence.adapters.sqlite import SqliteProfileStore, open_sqlite_profile_store
from services.presence.model import CustomStatus, Profile
from services.presence.ports import ProfileStore
from tests.builders import NOON
from tests.engines.keyspaces import a_keyspace, emptied_cassandra
from tests.unit.presence.harness import FakeProfiles, a_user

ON_CASSANDRA = pytest.mark.engines("cassandra")
ANN, BOB = a_user(), a_user()
LATER = NOON + timedelta(hours=1)
BUSY = CustomStatus("busy", "🐝")
LUNCH = CustomStatus("lunch", "", expires_at=LATER)


@pytest.fixture(scope="session")
def presence_keyspace(cassandra_contact_points: str) -> Iterator[str]:
    with a_keyspace(cassandra_contact_points) as name:
        yield name


@pytest.fixture
async def cassandra_profiles(
    cassandra_contact_points: str, presence_keyspace: str
) -> AsyncIterator[CassandraProfileStore]:
    async with emptied_cassandra(cassandra_contact_points, presence_keyspace, presence_schema()) as session:
        yield CassandraProfileStore(session)


@pytest.fixture
async def sqlite_profiles(tmp_path: Path) -> AsyncIterator[SqliteProfileStore]:
    async with open_sqlite_profile_store(tmp_path / "presence.db") as store:
        yield store


@pytest.fixture
def fake_profiles() -> FakeProfiles:
    return FakeProfiles()


@pytest.fixture(params=["sqlite", "fake", pytest.param("cassandra", marks=ON_CASSANDRA)])
def profiles(request: pytest.FixtureRequest) -> ProfileStore:
    opened: ProfileStore = request.getfixturevalue(f"{request.param}_profiles")
    return opened


async def profile(store: ProfileStore, user_id: str) -> Profile:
    return {str(key): value for key, value in (await store.read([ANN, BOB])).items()}.get(user_id, Profile())


async def test_an_unknown_user_has_an_empty_profile(profiles: ProfileStore) -> None:
    assert await profile(profiles, ANN) == Profile()


async def test_last_seen_only_moves_forward(profiles: ProfileStore) -> None:
    await profiles.record_seen({ANN: NOON})
    await profiles.record_seen({ANN: LATER, BOB: NOON})
    await profiles.record_seen({ANN: NOON})

    assert (await profile(profiles, ANN)).last_seen_at == LATER
    assert (await profile(profiles, BOB)).last_seen_at == NOON


async def test_a_status_replaces_the_previous_one_and_keeps_last_seen(profiles: ProfileStore) -> None:
    await profiles.record_seen({ANN: NOON})
    await profiles.set_status(ANN, LUNCH)
    await profiles.set_status(ANN, BUSY)

    assert await profile(profiles, ANN) == Profile(NOON, BUSY)


async def test_setting_none_removes_the_status(profiles: ProfileStore) -> None:
    await profiles.set_status(ANN, BUSY)
    await profiles.set_status(ANN, None)

    assert (await profile(profiles, ANN)).status is None


async def test_a_status_without_emoji_or_without_text_is_stored_unchanged(profiles: ProfileStore) -> None:
    await profiles.set_status(ANN, LUNCH)
    await profiles.set_status(BOB, CustomStatus("", "🌴"))

    assert (await profile(profiles, ANN)).status == LUNCH
    assert (await profile(profiles, BOB)).status == CustomStatus("", "🌴")


async def test_expired_statuses_are_removed_and_returned_once(profiles: ProfileStore) -> None:
    await profiles.set_status(ANN, LUNCH)
    await profiles.set_status(BOB, BUSY)

    assert list(await profiles.remove_expired_statuses(LATER - timedelta(seconds=1))) == []
    assert list(await profiles.remove_expired_statuses(LATER)) == [ANN]
    assert list(await profiles.remove_expired_statuses(LATER)) == []
    assert (await profile(profiles, ANN)).status is None
    assert (await profile(profiles, BOB)).status == BUSY


@ON_CASSANDRA
async def test_only_one_of_many_nodes_returns_an_expired_status(cassandra_profiles: CassandraProfileStore) -> None:
    await cassandra_profiles.set_status(ANN, LUNCH)

    removed = await asyncio.gather(*(cassandra_profiles.remove_expired_statuses(LATER) for _ in range(5)))

    assert sorted(len(users) for users in removed) == [0, 0, 0, 0, 1]


@ON_CASSANDRA
async def test_a_status_that_replaced_an_expiring_one_stays(cassandra_profiles: CassandraProfileStore) -> None:
    await cassandra_profiles.set_status(ANN, LUNCH)
    await asyncio.gather(*(cassandra_profiles.set_status(ANN, BUSY) for _ in range(3)))

    assert list(await cassandra_profiles.remove_expired_statuses(LATER)) == []
    assert (await profile(cassandra_profiles, ANN)).status == BUSY


async def test_sqlite_keeps_profiles_across_a_restart(tmp_path: Path) -> None:
    async with open_sqlite_profile_store(tmp_path / "presence.db") as store:
        await store.record_seen({ANN: NOON})
        await store.set_status(ANN, LUNCH)

    async with open_sqlite_profile_store(tmp_path / "presence.db") as store:
        assert await profile(store, ANN) == Profile(NOON, LUNCH)


async def test_a_closed_file_is_reported_as_store_unavailable(tmp_path: Path) -> None:
    async with open_sqlite_profile_store(tmp_path / "presence.db") as store:
        pass

    for call in (
        store.read([ANN]),
        store.record_seen({ANN: NOON}),
        store.set_status(ANN, BUSY),
        store.remove_expired_statuses(NOON),
    ):
        with pytest.raises(ChatlyError) as failed:
            await call
        assert failed.value.reason == KernelReason.STORE_UNAVAILABLE


async def test_an_erased_profile_is_gone_and_can_be_written_again(profiles: ProfileStore) -> None:
    await profiles.record_seen({ANN: NOON, BOB: NOON})
    await profiles.set_status(ANN, LUNCH)
    await profiles.set_status(BOB, LUNCH)

    await profiles.erase(ANN)
    await profiles.erase(ANN)

    assert await profile(profiles, ANN) == Profile()
    assert await profile(profiles, BOB) == Profile(NOON, LUNCH)
    assert await profiles.remove_expired_statuses(LATER) == [BOB]
    await profiles.set_status(ANN, BUSY)
    assert (await profile(profiles, ANN)).status == BUSY


async def test_a_profile_without_a_status_is_erased(profiles: ProfileStore) -> None:
    await profiles.record_seen({ANN: NOON})

    await profiles.erase(ANN)

    assert await profile(profiles, ANN) == Profile()
