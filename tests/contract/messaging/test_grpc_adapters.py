"""The guarantees of UserDirectory and MediaLibrary, for each adapter."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kernel.ids import UserId
from services.media.errors import MediaReason
from services.messaging.model import MediaPurpose
from tests.builders import an_id
from tests.contract.messaging.harness import Adapters, in_memory, over_grpc
from tests.unit.messaging.harness import refused


@pytest.fixture(params=["grpc", "grpc, cached", "fake"])
async def adapters(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Adapters]:
    if request.param == "fake":
        async with in_memory() as adapters:
            yield adapters
    else:
        async with over_grpc(tmp_path, cached=request.param == "grpc, cached") as adapters:
            yield adapters


async def test_blocks_are_returned_without_unknown_and_deleted_users(adapters: Adapters) -> None:
    ann, bob, gone = (adapters.users.a_user() for _ in range(3))
    adapters.users.blocked[ann].add(bob)
    adapters.users.deleted.add(gone)

    blocks = await adapters.directory.blocks([ann, bob, gone, UserId(an_id())])

    assert blocks == {ann: frozenset({bob}), bob: frozenset()}


async def test_any_number_of_users_can_be_looked_up(adapters: Adapters) -> None:
    users = {adapters.users.a_user() for _ in range(1_201)}

    assert (await adapters.directory.blocks(users)).keys() == users
    assert await adapters.directory.blocks([]) == {}


@pytest.mark.parametrize("purpose", MediaPurpose)
async def test_a_file_has_every_field_that_a_message_stores(adapters: Adapters, purpose: MediaPurpose) -> None:
    owner = UserId(an_id())
    media_id = adapters.files.a_file(owner, purpose)

    assert await adapters.library.media(media_id) == adapters.files.files[media_id]


async def test_an_unknown_file_is_not_found(adapters: Adapters) -> None:
    with refused(MediaReason.MEDIA_NOT_FOUND):
        await adapters.library.media(an_id())
