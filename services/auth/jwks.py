"""What other services need to check access tokens."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from kernel.clock import Clock
from kernel.ids import SessionId
from services.auth.keys import KeyRing, public_jwk
from services.auth.ports import SessionEndings


@dataclass(frozen=True, slots=True)
class Jwks:
    """Public keys as in RFC 8037, and the sessions whose access tokens no longer count."""

    keys: Sequence[dict[str, str]]
    revoked: Collection[SessionId]


class GetJwks:
    """Asks the store each time, so that a restart forgets nothing and one node tells what all have ended."""

    def __init__(self, *, keys: KeyRing, endings: SessionEndings, clock: Clock, token_life: timedelta) -> None:
        self._keys = keys
        self._endings = endings
        self._clock = clock
        self._token_life = token_life

    async def __call__(self) -> Jwks:
        revoked = await self._endings.ended_since(self._clock.now() - self._token_life)
        return Jwks(self.keys(), revoked)

    def keys(self) -> Sequence[dict[str, str]]:
        """Only the keys, for the edge."""
        return [public_jwk(key) for key in self._keys.published()]
