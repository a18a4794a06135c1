"""Calls the services as one logged-in user, with deadlines. Calls survive a lost connection and refresh the access
token.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

import grpc
from chatly.auth.v1 import auth_service_pb2 as auth
from chatly.auth.v1 import user_service_pb2 as users
from chatly.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from chatly.auth.v1.user_service_pb2_grpc import UserServiceStub
from chatly.media.v1.media_service_pb2_grpc import MediaServiceStub
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

Request = TypeVar("Request")
Response = TypeVar("Response")

PASSWORD = "chatly-example"  # noqa: S105 - accounts of a demonstration
CALL_SECONDS = 10.0
RETRY_SECONDS = 60.0
# Codes of an unreachable connection or server. The code depends on when the connection broke.
RETRYABLE = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.UNKNOWN,
}


def open_channel(edge: str) -> grpc.aio.Channel:
    """Open a channel with its own connection and keep-alive, which notices a dead network."""
    options = [
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
        ("grpc.use_local_subchannel_pool", 1),
    ]
    return grpc.aio.insecure_channel(edge, options)


@asynccontextmanager
async def joined(edge: str, name: str) -> AsyncIterator["Client"]:
    """Yield a client for the account `name`, created if it does not exist."""
    async with open_channel(edge) as channel:
        client = Client(channel)
        await client.join(name)
        yield client


class Client:
    """Calls the four services as one user."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.name = ""
        self.user_id = ""
        self.token = ""
        self.auth = AuthServiceStub(channel)
        self.users = UserServiceStub(channel)
        self.messaging = MessagingServiceStub(channel)
        self.media = MediaServiceStub(channel)
        self._refresh_token = ""
        self._refreshing = asyncio.Lock()

    async def join(self, name: str) -> None:
        """Register, if the account does not exist, and log in."""
        email = f"{name}@example.com"
        registration = auth.RegisterRequest(username=name, email=email, password=PASSWORD)
        try:
            await self._attempt(self.auth.Register, registration)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.ALREADY_EXISTS:
                raise
        login = auth.LoginRequest(email=email, password=PASSWORD, device_name="Python example")
        session = await self._attempt(self.auth.Login, login)
        self.name, self.user_id = session.username, session.user_id
        self.token, self._refresh_token = session.token, session.refresh_token

    async def find(self, name: str) -> str:
        """Return the user_id of the account `name`. Raise LookupError if it does not exist."""
        found = await self.call(self.users.SearchUsers, users.SearchUsersRequest(query=name))
        for user in found.users:
            if user.username == name:
                return user.user_id
        raise LookupError(f"no user is named {name}")

    async def call(
        self, method: grpc.aio.UnaryUnaryMultiCallable[Request, Response], request: Request, *, retry: bool = True
    ) -> Response:
        """Make one unary call, with a new token if the current one is rejected.

        `retry` only calls that are safe to repeat. A send is safe because its client_message_id identifies it.
        """
        token = self.token
        try:
            return await self._attempt(method, request, retry=retry)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.UNAUTHENTICATED:
                raise
        await self.refresh(token)
        return await self._attempt(method, request, retry=retry)

    async def refresh(self, refused: str) -> None:
        """Exchange the refresh token for new tokens, unless another call did so after the token `refused` was used."""
        async with self._refreshing:
            if refused == self.token:
                request = auth.RefreshRequest(refresh_token=self._refresh_token)
                session = await self._attempt(self.auth.Refresh, request)
                self.token, self._refresh_token = session.token, session.refresh_token

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """Returns the metadata of a call."""
        return (("authorization", f"Bearer {self.token}"),)

    async def _attempt(
        self, method: grpc.aio.UnaryUnaryMultiCallable[Request, Response], request: Request, *, retry: bool = True
    ) -> Response:
        loop = asyncio.get_running_loop()
        give_up, delay = loop.time() + RETRY_SECONDS, 0.1
        while True:
            try:
                return await method(request, timeout=CALL_SECONDS, metadata=self.metadata())
            except grpc.aio.AioRpcError as error:
                if not retry or error.code() not in RETRYABLE or loop.time() > give_up:
                    raise
            await asyncio.sleep(delay)
            delay = min(delay * 2, 2.0)
