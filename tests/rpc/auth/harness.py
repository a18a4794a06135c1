"""Client of auth for tests."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

import grpc
import pytest
from chatly.auth.v1 import auth_service_pb2 as auth_pb
from chatly.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from chatly.auth.v1.user_service_pb2_grpc import UserServiceStub

from kernel.errors import ChatlyError
from kernel.grpc.status import from_rpc_error
from kernel.service import Service
from tests.fakes import Served, bearer

PASSWORD = "correct horse"
Metadata = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Person:
    """A logged-in user."""

    user_id: str
    username: str
    login: auth_pb.LoginResponse

    @property
    def metadata(self) -> Metadata:
        return bearer(self.login.token)


class AuthClient:
    """Stubs of a running node, and helpers that create users."""

    def __init__(self, served: Served, service: Service) -> None:
        self.served = served
        self.service = service
        self.auth: Any = AuthServiceStub(served.channel)
        self.users: Any = UserServiceStub(served.channel)

    async def register(self, username: str, *, email: str = "", password: str = PASSWORD) -> str:
        """Register a user and return the id."""
        request = auth_pb.RegisterRequest(username=username, email=email or email_of(username), password=password)
        user_id: str = (await self.auth.Register(request)).user_id
        return user_id

    async def login(
        self, username: str, *, password: str = PASSWORD, address: str = "192.0.2.1", device_name: str = ""
    ) -> auth_pb.LoginResponse:
        request = auth_pb.LoginRequest(email=email_of(username), password=password, device_name=device_name)
        response: auth_pb.LoginResponse = await self.auth.Login(request, metadata=coming_from(address))
        return response

    async def person(self, username: str) -> Person:
        """Register a user and log in."""
        user_id = await self.register(username)
        return Person(user_id, username, await self.login(username))

    async def refresh(self, token: str) -> auth_pb.RefreshResponse:
        response: auth_pb.RefreshResponse = await self.auth.Refresh(auth_pb.RefreshRequest(refresh_token=token))
        return response


def email_of(username: str) -> str:
    return f"{username}@example.org"


def coming_from(address: str) -> Metadata:
    """Return metadata of a call that the edge received from an address."""
    return (("x-envoy-external-address", address),)


async def error_of(call: Awaitable[object]) -> ChatlyError:
    """Return the error of a call that must fail."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return from_rpc_error("auth", caught.value)


async def cookies_of(call: grpc.aio.UnaryUnaryCall[Any, Any]) -> SimpleCookie:
    """Return the cookies that a response sets."""
    jar: SimpleCookie = SimpleCookie()
    for key, value in await call.initial_metadata():
        if key == "set-cookie":
            jar.load(str(value))
    return jar
