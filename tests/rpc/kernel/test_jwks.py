"""Keys and revocations that are polled from auth."""

import asyncio
import base64
from collections.abc import Callable

import grpc
import pytest
from chatly.auth.v1 import auth_service_pb2 as pb

from kernel.errors import ChatlyError, Code, KernelReason
from kernel.grpc.client import open_channel
from kernel.grpc.jwks import JwksFeed
from kernel.grpc.tokens import TokenVerifier
from kernel.ids import SessionId
from kernel.runner import background
from kernel.time import SystemClock
from tests.builders import Keypair, a_keypair, an_id, user_token
from tests.fakes import running
from tests.rpc.kernel.harness import a_service

ANNA = an_id()


class Auth:
    """GetJwks with keys and sessions that a test can change."""

    def __init__(self, *keypairs: Keypair) -> None:
        self.keypairs = list(keypairs)
        self.revoked: list[str] = []
        self.asked = 0

    async def get_jwks(self, _: object, __: object) -> pb.GetJwksResponse:
        self.asked += 1
        keys = [
            pb.Jwk(kty="OKP", crv="Ed25519", kid=keypair.kid, x=_base64url(keypair), alg="EdDSA", use="sig")
            for keypair in self.keypairs
        ]
        foreign = pb.Jwk(kty="RSA", kid="rsa")
        return pb.GetJwksResponse(keys=[foreign, *keys], revoked_session_ids=self.revoked)


def _base64url(keypair: Keypair) -> str:
    return base64.urlsafe_b64encode(keypair.public.public_bytes_raw()).decode().rstrip("=")


def _token(keypair: Keypair, session_id: str = "s") -> str:
    return user_token(ANNA, keypair=keypair, now=SystemClock().now(), session_id=session_id)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - the feed has no event to wait for
            await asyncio.sleep(0.02)


async def test_a_token_is_checked_with_the_key_that_auth_publishes() -> None:
    keypair = a_keypair()
    auth = Auth(keypair)
    async with running(a_service("auth", GetJwks=auth.get_jwks)) as served:
        feed = JwksFeed(served.channel)
        caller = await TokenVerifier(keys=feed, clock=SystemClock()).verify(_token(keypair))

    assert caller.user_id == ANNA


async def test_a_new_key_is_fetched_at_its_first_token() -> None:
    old, new = a_keypair("old"), a_keypair("new")
    auth = Auth(old)
    async with running(a_service("auth", GetJwks=auth.get_jwks)) as served:
        feed = JwksFeed(served.channel)
        assert await feed.key("old") is not None
        auth.keypairs.append(new)
        assert await feed.key("new") is not None


async def test_concurrent_unknown_keys_share_one_request() -> None:
    auth = Auth(a_keypair())
    async with running(a_service("auth", GetJwks=auth.get_jwks)) as served:
        feed = JwksFeed(served.channel)
        found = await asyncio.gather(*(feed.key(f"guess {number}") for number in range(100)))

    assert found == [None] * 100
    assert auth.asked <= 2


async def test_an_ended_session_is_known_within_seconds() -> None:
    auth = Auth(a_keypair())
    async with running(a_service("auth", GetJwks=auth.get_jwks)) as served:
        feed = JwksFeed(served.channel)
        async with background({"jwks": feed.run}):
            await _until(lambda: auth.asked > 0)
            auth.revoked.append("s")
            await _until(lambda: SessionId("s") in feed.revoked)

    assert SessionId("another") not in feed.revoked


async def test_the_last_keys_stay_in_use_while_auth_is_unreachable() -> None:
    keypair = a_keypair()
    auth = Auth(keypair)
    async with running(a_service("auth", GetJwks=auth.get_jwks)) as served:
        channel = grpc.aio.insecure_channel(served.server.address)
        feed = JwksFeed(channel)
        await feed.key(keypair.kid)
    caller = await TokenVerifier(keys=feed, clock=SystemClock()).verify(_token(keypair))
    await channel.close()

    assert caller.user_id == ANNA


async def test_while_auth_is_unreachable_an_unknown_key_is_unavailable_not_unauthenticated() -> None:
    async with open_channel("127.0.0.1:1", forward="none") as channel:
        verifier = TokenVerifier(keys=JwksFeed(channel), clock=SystemClock())
        with pytest.raises(ChatlyError) as raised:
            await verifier.verify(_token(a_keypair()))

    assert (raised.value.code, raised.value.reason) == (Code.UNAVAILABLE, KernelReason.SERVICE_UNAVAILABLE)
