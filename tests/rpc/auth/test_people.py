"""User lists, search and profiles over gRPC."""

import pytest
from chatly.auth.v1 import user_service_pb2 as pb

from kernel.errors import KernelReason, Reason
from services.auth.errors import AuthReason
from tests.builders import an_id
from tests.rpc.auth.harness import AuthClient, Metadata, error_of

NAMES = ["alice", "Alicia", "ALF", "bob", "Émile", "emil", "Zoé"]


async def register_all(auth: AuthClient) -> None:
    for number, name in enumerate(NAMES):
        await auth.register(name, email=f"u{number}@example.org")


async def all_pages(auth: AuthClient, metadata: Metadata, size: int) -> list[list[str]]:
    pages: list[list[str]] = []
    token = ""
    while token or not pages:
        request = pb.ListUsersRequest(page_size=size, page_token=token)
        page = await auth.users.ListUsers(request, metadata=metadata)
        pages.append([user.username for user in page.users])
        token = page.next_page_token
    return pages


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 0])
async def test_all_users_except_the_caller_are_listed_once_for_any_page_size(auth: AuthClient, size: int) -> None:
    await register_all(auth)
    caller = await auth.person("carol")

    pages = await all_pages(auth, caller.metadata, size)

    assert [name for page in pages for name in page] == ["ALF", "alice", "Alicia", "bob", "emil", "Émile", "Zoé"]
    assert all(pages)
    assert {len(page) for page in pages[:-1]} <= {size}


async def test_lists_contain_no_addresses(auth: AuthClient) -> None:
    await auth.register("alice")
    caller = await auth.person("bob")

    (user,) = (await auth.users.ListUsers(pb.ListUsersRequest(), metadata=caller.metadata)).users

    assert user.username == "alice"
    assert user.email == ""
    assert user.created_at.seconds


async def test_a_search_finds_prefixes_in_any_case(auth: AuthClient) -> None:
    await register_all(auth)
    caller = await auth.person("alina")

    async def found(query: str) -> list[str]:
        response = await auth.users.SearchUsers(pb.SearchUsersRequest(query=query), metadata=caller.metadata)
        return [user.username for user in response.users]

    assert await found("AL") == ["ALF", "alice", "Alicia"]
    assert await found("alici") == ["Alicia"]
    assert await found("zoe") == ["Zoé"]
    assert await found("É") == ["Émile"]
    assert await found("lice") == []
    assert await found("%") == []


async def test_a_search_continues_on_the_next_page(auth: AuthClient) -> None:
    await register_all(auth)
    caller = await auth.person("carol")
    request = pb.SearchUsersRequest(query="al", page_size=2)

    first = await auth.users.SearchUsers(request, metadata=caller.metadata)
    request.page_token = first.next_page_token
    second = await auth.users.SearchUsers(request, metadata=caller.metadata)

    assert [user.username for user in first.users] == ["ALF", "alice"]
    assert [user.username for user in second.users] == ["Alicia"]
    assert second.next_page_token == ""


async def test_a_page_token_belongs_to_its_call_its_query_and_its_caller(auth: AuthClient) -> None:
    await register_all(auth)
    carol, dave = await auth.person("carol"), await auth.person("dave")
    request = pb.SearchUsersRequest(query="al", page_size=1)
    token = (await auth.users.SearchUsers(request, metadata=carol.metadata)).next_page_token
    assert token

    calls = [
        auth.users.SearchUsers(pb.SearchUsersRequest(query="a", page_token=token), metadata=carol.metadata),
        auth.users.SearchUsers(pb.SearchUsersRequest(query="al", page_token=token), metadata=dave.metadata),
        auth.users.ListUsers(pb.ListUsersRequest(page_token=token), metadata=carol.metadata),
        auth.users.ListUsers(pb.ListUsersRequest(page_token="x" * 1024), metadata=carol.metadata),
        auth.users.ListUsers(pb.ListUsersRequest(page_token="😀"), metadata=carol.metadata),
    ]

    assert {(await error_of(call)).reason for call in calls} == {KernelReason.INVALID_PAGE_TOKEN}


async def test_a_profile_is_found_by_id_in_any_case(auth: AuthClient) -> None:
    alice, bob = await auth.person("alice"), await auth.person("bob")

    for user_id in (alice.user_id, alice.user_id.upper()):
        response = await auth.users.GetUser(pb.GetUserRequest(user_id=user_id), metadata=bob.metadata)
        assert (response.user.user_id, response.user.username) == (alice.user_id, "alice")
        assert response.user.email == ""


@pytest.mark.parametrize(
    ("user_id", "reason"),
    [(an_id(), AuthReason.USER_NOT_FOUND), ("", KernelReason.INVALID_FIELD), ("me", KernelReason.INVALID_FIELD)],
)
async def test_an_unknown_id_is_not_found_and_an_invalid_one_rejected(
    auth: AuthClient, user_id: str, reason: Reason
) -> None:
    caller = await auth.person("alice")

    error = await error_of(auth.users.GetUser(pb.GetUserRequest(user_id=user_id), metadata=caller.metadata))

    assert error.reason == reason


async def test_many_profiles_are_returned_without_unknown_ids(auth: AuthClient) -> None:
    alice, bob = await auth.person("alice"), await auth.person("bob")
    request = pb.BatchGetUsersRequest(user_ids=[bob.user_id, an_id(), alice.user_id, bob.user_id])

    response = await auth.users.BatchGetUsers(request, metadata=alice.metadata)

    assert sorted(user.username for user in response.users) == ["alice", "bob"]


async def test_the_callers_profile_has_the_address(auth: AuthClient) -> None:
    caller = await auth.person("alice")

    user = (await auth.users.GetMe(pb.GetMeRequest(), metadata=caller.metadata)).user

    assert (user.user_id, user.email, user.avatar_url) == (caller.user_id, "alice@example.org", "")
