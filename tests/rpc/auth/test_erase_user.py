"""AuthService.EraseUser: erasing any account, for an operator."""

from pathlib import Path

import grpc
import pytest
from chatly.auth.v1 import auth_service_pb2 as pb
from chatly.auth.v1 import user_service_pb2 as users_pb

from kernel.errors import KernelReason
from services.auth.errors import AuthReason
from services.auth.model import CLOCK_SLACK
from tests.builders import an_id
from tests.fakes import FakeClock
from tests.problems import rpc_reason
from tests.rpc.auth.conftest import serving_auth
from tests.rpc.auth.fake_media import FakeMedia
from tests.rpc.auth.harness import AuthClient
from tests.rpc.auth.test_deleted_accounts import TOKEN_SECONDS
from tests.waiting import eventually


async def erase(auth: AuthClient, user: str, **fields: bool) -> pb.EraseUserResponse:
    request = pb.EraseUserRequest(user=user, **fields)
    response: pb.EraseUserResponse = await auth.auth.EraseUser(request, metadata=auth.served.as_service("operator"))
    return response


async def test_a_user_is_found_by_id_or_name_and_erased(auth: AuthClient) -> None:
    ann, bob = await auth.person("Zoe"), await auth.person("bob")
    await auth.person("zoeandmore")
    await auth.users.BlockUser(users_pb.BlockUserRequest(user_id=bob.user_id), metadata=ann.metadata)

    found = await erase(auth, "ZOE", validate_only=True)
    assert (found.user_id, found.username, found.HasField("repeats_at")) == (ann.user_id, "Zoe", False)
    await auth.users.GetMe(users_pb.GetMeRequest(), metadata=ann.metadata)

    erased = await erase(auth, ann.user_id.upper())

    assert (erased.user_id, erased.session_count, erased.blocked_user_count) == (ann.user_id, 1, 1)
    assert erased.HasField("repeats_at")
    again = await erase(auth, ann.user_id)
    assert (again.username, again.session_count, again.blocked_user_count) == ("", 0, 0)


@pytest.mark.parametrize("user", ["nobody", "bo", an_id()])
async def test_an_unknown_user_is_refused(auth: AuthClient, user: str) -> None:
    await auth.person("bob")

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await erase(auth, user)

    assert rpc_reason(caught.value) == AuthReason.USER_NOT_FOUND


async def test_users_may_not_erase_others_or_themselves(auth: AuthClient) -> None:
    ann = await auth.person("ann")

    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await auth.auth.EraseUser(pb.EraseUserRequest(user=ann.user_id), metadata=ann.metadata)

    assert rpc_reason(caught.value) == KernelReason.SERVICE_ONLY


async def test_the_other_services_erase_later_even_if_the_operator_does_not_call_them(
    tmp_path: Path, clock: FakeClock, media: FakeMedia
) -> None:
    async with serving_auth(tmp_path, clock) as auth:
        ann = await auth.person("ann")
        await erase(auth, ann.user_id, delete_messages=True)
    clock.advance(TOKEN_SECONDS + CLOCK_SLACK.total_seconds())

    async with serving_auth(tmp_path, clock, media_address=media.address, loops=True):
        await eventually(lambda: ("messaging second", ann.user_id) in media.erased)
