"""Admission by the access option of a method."""

from collections.abc import Awaitable

import grpc
import pytest
from chatly.auth.v1 import auth_service_pb2 as auth_pb
from chatly.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from chatly.persister.v1 import persister_service_pb2 as persister_pb
from chatly.persister.v1.persister_service_pb2_grpc import PersisterServiceStub
from chatly.presence.v1 import presence_service_pb2 as presence_pb
from chatly.presence.v1.presence_service_pb2_grpc import PresenceServiceStub

from kernel.grpc.context import USER_KEY, Caller, ServiceCaller, caller_var, current_request, current_user
from kernel.grpc.settings import ServerSettings
from tests.builders import a_keypair, an_id, user_token
from tests.fakes import FakeClock, Mesh, Served, bearer, running
from tests.rpc.kernel.harness import a_service, failure, reason

ANNA = an_id()


async def _who(_: object, __: object) -> presence_pb.SetStatusResponse:
    return presence_pb.SetStatusResponse(presence=presence_pb.Presence(user_id=current_user().user_id))


PRESENCE = a_service("presence", SetStatus=_who)


def _set_status(served: Served, metadata: tuple[tuple[str, str], ...] = ()) -> Awaitable[presence_pb.SetStatusResponse]:
    stub = PresenceServiceStub(served.channel)
    return stub.SetStatus(presence_pb.SetStatusRequest(), metadata=metadata)


async def test_a_handler_gets_the_calling_user() -> None:
    async with running(PRESENCE) as served:
        answer = await _set_status(served, served.as_user(ANNA))

    assert answer.presence.user_id == ANNA


async def test_a_browser_is_authenticated_by_its_cookie() -> None:
    async with running(PRESENCE) as served:
        cookies = f"theme=dark; chatly_access={served.token_for(ANNA)}"
        answer = await _set_status(served, (("cookie", cookies),))

    assert answer.presence.user_id == ANNA


async def test_a_call_without_a_token_is_refused() -> None:
    async with running(PRESENCE) as served:
        error = await failure(_set_status(served))

    assert (error.code(), reason(error)) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING")


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "é", "x" * 4_000])
async def test_an_invalid_token_is_refused(token: str) -> None:
    async with running(PRESENCE) as served:
        # Header values are ASCII. Other values reach the server as bytes.
        error = await failure(_set_status(served, bearer(token.encode().hex() if not token.isascii() else token)))

    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert reason(error) in {"TOKEN_INVALID", "TOKEN_MISSING"}


async def test_an_empty_token_is_refused(grpc_engine: str) -> None:
    async with running(PRESENCE) as served:
        error = await failure(_set_status(served, bearer("")))

    if grpc_engine == "ngh2":
        # HTTP/2 itself forbids the space at the end of this header: the server does not even begin a call.
        assert error.code() is grpc.StatusCode.INTERNAL
    else:
        assert (error.code(), reason(error)) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING")


async def test_a_call_for_another_user_than_the_tokens_is_refused() -> None:
    async with running(PRESENCE) as served:
        answer = await _set_status(served, (*served.as_user(ANNA), (USER_KEY, ANNA)))
        error = await failure(_set_status(served, (*served.as_user(ANNA), (USER_KEY, an_id()))))

    assert answer.presence.user_id == ANNA
    assert (error.code(), reason(error)) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_OF_OTHER_USER")


async def test_a_forged_token_is_refused() -> None:
    mesh = Mesh()
    forged = user_token(ANNA, keypair=a_keypair(mesh.keypair.kid), now=mesh.clock.now())
    async with running(PRESENCE, mesh=mesh) as served:
        error = await failure(_set_status(served, bearer(forged)))

    assert reason(error) == "TOKEN_INVALID"


async def test_a_token_of_an_unknown_key_is_refused() -> None:
    mesh = Mesh()
    foreign = user_token(ANNA, keypair=a_keypair("elsewhere"), now=mesh.clock.now())
    async with running(PRESENCE, mesh=mesh) as served:
        error = await failure(_set_status(served, bearer(foreign)))

    assert reason(error) == "TOKEN_INVALID"


async def test_a_cached_token_is_refused_after_its_expiry() -> None:
    clock = FakeClock()
    async with running(PRESENCE, mesh=Mesh(clock=clock)) as served:
        metadata = served.as_user(ANNA, life=60)
        await _set_status(served, metadata)
        clock.advance(60)
        error = await failure(_set_status(served, metadata))

    assert (error.code(), reason(error)) == (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_EXPIRED")


async def test_a_cached_token_is_refused_after_its_session_ended() -> None:
    async with running(PRESENCE) as served:
        metadata = served.as_user(ANNA, session_id="the-session")
        await _set_status(served, metadata)
        served.mesh.keys.revoked.add("the-session")
        error = await failure(_set_status(served, metadata))

    assert (error.code(), reason(error)) == (grpc.StatusCode.UNAUTHENTICATED, "SESSION_ENDED")


async def test_a_service_token_is_not_accepted_as_a_user_token() -> None:
    async with running(PRESENCE) as served:
        error = await failure(_set_status(served, served.as_service()))

    assert reason(error) == "TOKEN_INVALID"


async def test_a_public_method_needs_no_token_and_ignores_an_invalid_one() -> None:
    seen: list[Caller] = []

    async def handler(_: object, __: object) -> auth_pb.GetJwksResponse:
        seen.append(caller_var.get())
        return auth_pb.GetJwksResponse()

    async with running(a_service("auth", GetJwks=handler)) as served:
        await AuthServiceStub(served.channel).GetJwks(auth_pb.GetJwksRequest(), metadata=bearer("nonsense"))

    assert seen == [None]


async def _status(_: object, __: object) -> persister_pb.GetStatusResponse:
    assert caller_var.get() == ServiceCaller("messaging")
    return persister_pb.GetStatusResponse()


async def test_services_are_authenticated_by_their_token() -> None:
    async with running(a_service("persister", GetStatus=_status)) as served:
        stub = PersisterServiceStub(served.channel)
        await stub.GetStatus(persister_pb.GetStatusRequest(), metadata=served.as_service("messaging"))


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("nobody", (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_MISSING")),
        ("user", (grpc.StatusCode.PERMISSION_DENIED, "SERVICE_ONLY")),
        ("impostor", (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID")),
    ],
)
async def test_only_services_may_call_methods_for_services(who: str, expected: tuple[grpc.StatusCode, str]) -> None:
    async with running(a_service("persister", GetStatus=_status)) as served:
        other = Mesh(secret=b"another secret, of another mesh!!")
        metadata = {
            "nobody": (),
            "user": served.as_user(ANNA),
            "impostor": bearer(other.service_tokens.issue("messaging")),
        }[who]
        call = PersisterServiceStub(served.channel).GetStatus(persister_pb.GetStatusRequest(), metadata=metadata)
        error = await failure(call)

    assert (error.code(), reason(error)) == expected


async def _seen_request(headers: tuple[tuple[str, str], ...], *, trust_edge: bool) -> tuple[str, bool]:
    seen: list[tuple[str, bool]] = []

    async def handler(_: object, __: object) -> auth_pb.GetJwksResponse:
        seen.append((current_request().peer_address, current_request().secure))
        return auth_pb.GetJwksResponse()

    settings = ServerSettings(trust_edge=trust_edge, grace_seconds=1.0)
    async with running(a_service("auth", GetJwks=handler), settings=settings) as served:
        await AuthServiceStub(served.channel).GetJwks(auth_pb.GetJwksRequest(), metadata=headers)
    return seen[0]


async def test_a_trusted_edge_sets_the_address_of_the_client_and_whether_it_used_tls() -> None:
    headers = (("x-forwarded-for", "6.6.6.6, 192.0.2.7"), ("x-forwarded-proto", "https"))

    assert await _seen_request(headers, trust_edge=True) == ("192.0.2.7", True)


async def test_without_a_trusted_edge_the_address_is_that_of_the_connection() -> None:
    headers = (("x-envoy-external-address", "6.6.6.6"), ("x-forwarded-proto", "https"))

    assert await _seen_request(headers, trust_edge=False) == ("127.0.0.1", False)
