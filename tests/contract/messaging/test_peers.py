"""What UserDirectory and MediaLibrary promise, asked of every adapter that makes the promise."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kernel.ids import UserId
from services.media.errors import MediaReason
from services.messaging.model import MediaPurpose
from tests.builders import an_id
from tests.contract.messaging.peers import Peers, in_memory, over_grpc
from tests.unit.messaging.rig import refused


@pytest.fixture(params=["grpc", "grpc, cached", "fake"])
async def peers(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Peers]:
    if request.param == "fake":
        async with in_memory() as peers:
            yield peers
    else:
        async with over_grpc(tmp_path, cached=request.param == "grpc, cached") as peers:
            yield peers


async def test_users_come_with_those_they_block_and_unknown_or_deleted_ones_are_left_out(peers: Peers) -> None:
    ann, bob, gone = (peers.known.a_user() for _ in range(3))
    peers.known.blocked[ann].add(bob)
    peers.known.deleted.add(gone)

    blocks = await peers.directory.blocks([ann, bob, gone, UserId(an_id())])

    assert blocks == {ann: frozenset({bob}), bob: frozenset()}


async def test_any_number_of_users_may_be_asked_for(peers: Peers) -> None:
    users = {peers.known.a_user() for _ in range(1_201)}

    assert (await peers.directory.blocks(users)).keys() == users
    assert await peers.directory.blocks([]) == {}


@pytest.mark.parametrize("purpose", MediaPurpose)
async def test_a_file_comes_with_all_that_a_message_keeps_of_it(peers: Peers, purpose: MediaPurpose) -> None:
    owner = UserId(an_id())
    media_id = peers.files.a_file(owner, purpose)

    assert await peers.library.media(media_id) == peers.files.files[media_id]


async def test_a_file_that_is_not_there_is_not_found(peers: Peers) -> None:
    with refused(MediaReason.MEDIA_NOT_FOUND):
        await peers.library.media(an_id())
