"""Signing keys and ended sessions, polled from auth. Every service except auth uses this."""

import asyncio
import base64
import binascii

import grpc
from chatly.auth.v1 import auth_service_pb2 as pb
from chatly.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kernel.errors import KernelReason, unavailable
from kernel.telemetry.logs import logger

_EVERY_SECONDS = 1.5
_TIMEOUT_SECONDS = 2.0
_LEAST_SECONDS = 0.5


class JwksFeed:
    """TokenKeys that polls auth. While auth is unreachable, it keeps the last answer."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._auth = AuthServiceStub(channel)
        self._keys: dict[str, Ed25519PublicKey] = {}
        self.revoked: frozenset[str] = frozenset()
        """Sessions that ended before their tokens expired."""
        self._asking = asyncio.Lock()
        self._asked_at = float("-inf")
        self._answered = False
        self._log = logger("jwks")

    async def key(self, kid: str) -> Ed25519PublicKey | None:
        """Return a public key. Ask auth at once for an unknown id; raise UNAVAILABLE if auth does not answer."""
        if kid not in self._keys:
            await self._ask_about_unknown()
            if kid not in self._keys and not self._answered:
                raise unavailable(
                    KernelReason.SERVICE_UNAVAILABLE,
                    "auth is unreachable, so this token cannot be checked",
                    service="auth",
                )
        return self._keys.get(kid)

    async def run(self) -> None:
        """Ask auth every 1.5 seconds, until cancelled."""
        while True:
            async with self._asking:
                await self._ask()
            await asyncio.sleep(_EVERY_SECONDS)

    async def _ask_about_unknown(self) -> None:
        """Ask auth once for all waiting callers, at most twice a second, so that forged tokens cause no extra load."""
        loop = asyncio.get_running_loop()
        wanted_at = loop.time()
        async with self._asking:
            if self._asked_at < wanted_at:
                await asyncio.sleep(max(0.0, self._asked_at + _LEAST_SECONDS - wanted_at))
                await self._ask()

    async def _ask(self) -> None:
        self._asked_at = asyncio.get_running_loop().time()
        try:
            answer = await self._auth.GetJwks(pb.GetJwksRequest(), timeout=_TIMEOUT_SECONDS)
        except grpc.aio.AioRpcError as error:
            if self._answered:
                self._log.warning("auth does not answer, its last keys stay in use", code=error.code().name)
            self._answered = False
            return
        self._answered = True
        self._keys = {jwk.kid: key for jwk in answer.keys if (key := _public_key(jwk)) is not None}
        self.revoked = frozenset(answer.revoked_session_ids)


def _public_key(jwk: pb.Jwk) -> Ed25519PublicKey | None:
    """Return the public key, or None if it is a key of another kind."""
    if (jwk.kty, jwk.crv) != ("OKP", "Ed25519"):
        return None
    try:
        return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(jwk.x + "=" * (-len(jwk.x) % 4)))
    except (ValueError, binascii.Error):
        return None
