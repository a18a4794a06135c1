"""Unary calls over gRPC-web through Envoy."""

import httpx
import pytest
from chatly.auth.v1 import auth_service_pb2 as auth
from chatly.auth.v1 import user_service_pb2 as users
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.persister.v1 import persister_service_pb2 as persister

from tests.builders import an_id
from tests.e2e.grpc_web import GrpcWeb, GrpcWebError
from tests.e2e.mesh import Mesh
from tests.e2e.people import PASSWORD, people, somebody

GET_ME = "/chatly.auth.v1.UserService/GetMe"
SEND = "/chatly.messaging.v1.MessagingService/SendMessage"


async def test_a_call_is_answered(mesh: Mesh, browser: httpx.AsyncClient) -> None:
    ann, bob = await people(mesh, "ann", "bob")
    request = messaging.SendMessageRequest(
        chat_id=ann.chat_with(bob), client_message_id=an_id(), text="hello from the browser 👋"
    )
    sent = await GrpcWeb(browser, ann.headers).unary(SEND, request, messaging.SendMessageResponse)
    read = await GrpcWeb(browser, bob.headers).unary(
        "/chatly.messaging.v1.MessagingService/ListMessages",
        messaging.ListMessagesRequest(chat_id=ann.chat_with(bob)),
        messaging.ListMessagesResponse,
    )

    assert [(message.message_id, message.text) for message in read.messages] == [
        (sent.message.message_id, "hello from the browser 👋")
    ]


async def test_a_refusal_has_details(mesh: Mesh, browser: httpx.AsyncClient) -> None:
    ann, bob = await people(mesh, "ann", "bob")
    request = messaging.SendMessageRequest(chat_id=ann.chat_with(bob), client_message_id=an_id(), text="x" * 4_001)
    with pytest.raises(GrpcWebError) as refused:
        await GrpcWeb(browser, ann.headers).unary(SEND, request, messaging.SendMessageResponse)

    assert (refused.value.code, refused.value.reason) == (3, "INVALID_FIELD")
    (bad_request,) = [item for item in refused.value.status["details"] if item["@type"].endswith("BadRequest")]
    assert bad_request["field_violations"] == [
        {"field": "text", "description": "must be at most 4000 characters, got 4001"}
    ]


@pytest.mark.parametrize(
    ("headers", "reason"), [({}, "TOKEN_MISSING"), ({"authorization": "Bearer nonsense"}, "TOKEN_INVALID")]
)
async def test_a_refusal_of_the_edge_has_details_too(
    browser: httpx.AsyncClient, headers: dict[str, str], reason: str
) -> None:
    with pytest.raises(GrpcWebError) as refused:
        await GrpcWeb(browser, headers).unary(GET_ME, users.GetMeRequest(), users.GetMeResponse)

    assert (refused.value.code, refused.value.reason) == (16, reason)


async def test_internal_rpcs_are_not_found(mesh: Mesh, browser: httpx.AsyncClient) -> None:
    ann = await somebody(mesh, "ann")
    path = "/chatly.persister.v1.PersisterService/GetStatus"
    with pytest.raises(GrpcWebError) as refused:
        await GrpcWeb(browser, ann.headers).unary(path, persister.GetStatusRequest(), persister.GetStatusResponse)

    assert (refused.value.code, refused.value.reason) == (12, "NOT_OFFERED")


async def test_a_browser_s_session_is_in_its_cookies(mesh: Mesh, browser: httpx.AsyncClient) -> None:
    ann = await somebody(mesh, "ann")
    calls = GrpcWeb(browser, {"origin": str(browser.base_url).rstrip("/")})
    login = auth.LoginRequest(email=ann.email, password=PASSWORD, use_cookies=True)
    session = await calls.unary("/chatly.auth.v1.AuthService/Login", login, auth.LoginResponse)
    me = await calls.unary(GET_ME, users.GetMeRequest(), users.GetMeResponse)
    renewed = await calls.unary("/chatly.auth.v1.AuthService/Refresh", auth.RefreshRequest(), auth.RefreshResponse)
    await calls.unary("/chatly.auth.v1.AuthService/Logout", auth.LogoutRequest(), auth.LogoutResponse)
    with pytest.raises(GrpcWebError) as after:
        await calls.unary(GET_ME, users.GetMeRequest(), users.GetMeResponse)

    assert (session.token, session.refresh_token, renewed.token, renewed.refresh_token) == ("", "", "", "")
    assert me.user.user_id == ann.user_id
    assert after.value.reason == "TOKEN_MISSING"
