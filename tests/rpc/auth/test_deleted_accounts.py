"""Erasing deleted accounts in other services, also after an outage and a restart."""

import sqlite3
from contextlib import closing
from pathlib import Path

from chatly.auth.v1 import auth_service_pb2 as pb

from services.auth.model import CLOCK_SLACK
from tests.fakes import FakeClock
from tests.rpc.auth.conftest import serving_auth
from tests.rpc.auth.fake_media import FakeMedia
from tests.rpc.auth.harness import PASSWORD, AuthClient
from tests.waiting import eventually

TOKEN_SECONDS = 15 * 60


async def delete_account(auth: AuthClient, *, delete_messages: bool = False) -> str:
    """Register a user, delete the account and return the id."""
    person = await auth.person("alice")
    request = pb.DeleteAccountRequest(password=PASSWORD, delete_messages=delete_messages)
    await auth.auth.DeleteAccount(request, metadata=person.metadata)
    return person.user_id


def all_of(user_id: str) -> list[tuple[str, str]]:
    return [(service, user_id) for service in ("media", "presence", "messaging")]


def planned_in(data_dir: Path) -> int:
    """Return the number of planned erasures."""
    with closing(sqlite3.connect(data_dir / "auth.db")) as database:
        count: int = database.execute("SELECT count(*) FROM erasures").fetchone()[0]
        return count


async def test_the_other_services_erase_at_once(tmp_path: Path, clock: FakeClock, media: FakeMedia) -> None:
    async with serving_auth(tmp_path, clock, media_address=media.address, loops=True) as auth:
        user_id = await delete_account(auth)

        await eventually(lambda: media.erased == all_of(user_id))


async def test_an_erasure_survives_an_outage_and_a_restart(tmp_path: Path, clock: FakeClock, media: FakeMedia) -> None:
    async with serving_auth(tmp_path, clock, loops=True) as auth:
        user_id = await delete_account(auth)
    assert media.erased == []

    async with serving_auth(tmp_path, clock, media_address=media.address, loops=True):
        await eventually(lambda: media.erased == all_of(user_id))


async def test_it_is_repeated_once_when_the_last_access_token_has_expired(
    tmp_path: Path, clock: FakeClock, media: FakeMedia
) -> None:
    async with serving_auth(tmp_path, clock, media_address=media.address, loops=True) as auth:
        user_id = await delete_account(auth)
        await eventually(lambda: planned_in(tmp_path) == 1)
    clock.advance(TOKEN_SECONDS + CLOCK_SLACK.total_seconds())

    async with serving_auth(tmp_path, clock, media_address=media.address, loops=True):
        await eventually(lambda: media.erased == all_of(user_id) * 2)


async def test_messages_are_deleted_page_by_page_also_after_an_outage(
    tmp_path: Path, clock: FakeClock, media: FakeMedia
) -> None:
    async with serving_auth(tmp_path, clock, loops=True) as auth:
        user_id = await delete_account(auth, delete_messages=True)

    async with serving_auth(tmp_path, clock, media_address=media.address, loops=True):
        await eventually(lambda: ("messaging second", user_id) in media.erased)
