"""Blocks over gRPC."""

from pathlib import Path
from typing import Any

import pytest
from chatly.auth.v1 import auth_service_pb2 as auth_pb
from chatly.auth.v1 import user_service_pb2 as pb

from kernel.errors import Code
from kernel.ids import UserId
from kernel.sqlite.database import open_sqlite
from services.auth.adapters.sqlite.blocks_and_keys import SqliteBlocks
from services.auth.adapters.sqlite.schema import SCHEMA
from services.auth.errors import AuthReason
from tests.builders import an_id
from tests.rpc.auth.harness import PASSWORD, AuthClient, Person, error_of


def block(auth: AuthClient, person: Person, user_id: str) -> Any:  # noqa: ANN401
    return auth.users.BlockUser(pb.BlockUserRequest(user_id=user_id), metadata=person.metadata)


async def blocked(auth: AuthClient, person: Person, *, size: int = 0) -> list[str]:
    names: list[str] = []
    request = pb.ListBlockedUsersRequest(page_size=size)
    while True:
        page = await auth.users.ListBlockedUsers(request, metadata=person.metadata)
        names += [user.username for user in page.users]
        request.page_token = page.next_page_token
        if not request.page_token:
            return names


@pytest.mark.parametrize("size", [0, 1, 2, 3])
async def test_blocked_users_are_listed_by_name(auth: AuthClient, size: int) -> None:
    alice = await auth.person("alice")
    for name in ("Zoe", "bob", "Carol"):
        await block(auth, alice, await auth.register(name))

    assert await blocked(auth, alice, size=size) == ["bob", "Carol", "Zoe"]


async def test_blocking_and_unblocking_twice_is_no_error(auth: AuthClient) -> None:
    alice, bob = await auth.person("alice"), await auth.person("bob")

    await block(auth, alice, bob.user_id)
    await block(auth, alice, bob.user_id.upper())
    assert await blocked(auth, alice) == ["bob"]
    assert await blocked(auth, bob) == []

    for _ in range(2):
        await auth.users.UnblockUser(pb.UnblockUserRequest(user_id=bob.user_id), metadata=alice.metadata)
    assert await blocked(auth, alice) == []


async def test_blocking_oneself_or_an_unknown_user_is_rejected(auth: AuthClient) -> None:
    alice = await auth.person("alice")

    for own in (alice.user_id, alice.user_id.upper()):
        error = await error_of(block(auth, alice, own))
        assert (error.code, error.reason) == (Code.FAILED_PRECONDITION, AuthReason.NOT_WITH_ONESELF)
    assert (await error_of(block(auth, alice, an_id()))).reason == AuthReason.USER_NOT_FOUND


async def test_services_read_existing_users_and_their_blocks(auth: AuthClient) -> None:
    alice, bob = await auth.person("alice"), await auth.person("bob")
    await block(auth, alice, bob.user_id)
    request = pb.BatchGetBlocksRequest(user_ids=[alice.user_id, bob.user_id, an_id()])

    response = await auth.users.BatchGetBlocks(request, metadata=auth.served.as_service("messaging"))

    found = {blocks.user_id: list(blocks.blocked_user_ids) for blocks in response.users}
    assert found == {alice.user_id: [bob.user_id], bob.user_id: []}


async def test_a_deleted_account_has_no_blocks_and_is_in_no_list(auth: AuthClient, tmp_path: Path) -> None:
    alice, bob = await auth.person("alice"), await auth.person("bob")
    await block(auth, alice, bob.user_id)
    await block(auth, bob, alice.user_id)

    await auth.auth.DeleteAccount(auth_pb.DeleteAccountRequest(password=PASSWORD), metadata=bob.metadata)

    assert await blocked(auth, alice) == []
    request = pb.BatchGetBlocksRequest(user_ids=[alice.user_id, bob.user_id])
    response = await auth.users.BatchGetBlocks(request, metadata=auth.served.as_service("messaging"))
    assert [blocks.user_id for blocks in response.users] == [alice.user_id]
    async with open_sqlite(tmp_path / "auth.db", SCHEMA) as database:
        kept = await SqliteBlocks(database).blocked_by([UserId(alice.user_id), UserId(bob.user_id)])
    assert kept == {alice.user_id: {bob.user_id}}
