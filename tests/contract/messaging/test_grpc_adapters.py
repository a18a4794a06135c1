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


async def test_users_come_with_those_they_block_and_unknown_or_deleted_ones_are_left_out(adapters: Adapters) -> None:
    ann, bob, gone = (adapters.users.a_user() for _ in range(3))
    adapters.users.blocked[ann].add(bob)
    adapters.users.deleted.add(gone)

    blocks = await adapters.directory.blocks([ann, bob, gone, UserId(an_id())])

    assert blocks == {ann: frozenset({bob}), bob: frozenset()}


async def test_any_number_of_users_may_be_asked_for(adapters: Adapters) -> None:
    users = {adapters.users.a_user() for _ in range(1_201)}

    assert (await adapters.directory.blocks(users)).keys() == users
    assert await adapters.directory.blocks([]) == {}


@pytest.mark.parametrize("purpose", MediaPurpose)
async def test_a_file_comes_with_all_that_a_message_keeps_of_it(adapters: Adapters, purpose: MediaPurpose) -> None:
    owner = UserId(an_id())
    media_id = adapters.files.a_file(owner, purpose)

    assert await adapters.library.media(media_id) == adapters.files.files[media_id]


async def test_a_file_that_is_not_there_is_not_found(adapters: Adapters) -> None:
    with refused(MediaReason.MEDIA_NOT_FOUND):
        await adapters.library.media(an_id())
