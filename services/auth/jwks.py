"""What other services need to check access tokens."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from kernel.ids import SessionId
from services.auth.keys import KeyRing, public_jwk
from services.auth.revocations import Revocations


@dataclass(frozen=True, slots=True)
class Jwks:
    """Public keys as in RFC 8037, and the sessions whose access tokens no longer count."""

    keys: Sequence[dict[str, str]]
    revoked: Collection[SessionId]


class GetJwks:
    """Asks the store each time, so that a restart forgets nothing and one node tells what all have ended."""

    def __init__(self, *, keys: KeyRing, revocations: Revocations) -> None:
        self._keys = keys
        self._revocations = revocations

    async def __call__(self) -> Jwks:
        return Jwks(self.keys(), await self._revocations.recent())

    def keys(self) -> Sequence[dict[str, str]]:
        """Only the keys, for the edge."""
        return [public_jwk(key) for key in self._keys.published()]
