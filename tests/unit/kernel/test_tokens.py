"""Tokens of users and services: accepted, refused and cached ones."""

from datetime import timedelta

import jwt
import pytest

from kernel.errors import ChatlyError
from kernel.grpc.context import ServiceCaller
from kernel.grpc.tokens import ServiceTokens, TokenVerifier
from kernel.ids import SessionId
from tests.builders import NOON, a_keypair, an_id, user_token
from tests.fakes import SECRET, FakeClock, StaticKeys

ANNA = an_id()
KEYPAIR = a_keypair()


def _verifier(clock: FakeClock | None = None, *, remembered: int = 100) -> tuple[TokenVerifier, StaticKeys]:
    keys = StaticKeys(KEYPAIR)
    return TokenVerifier(keys=keys, clock=clock or FakeClock(), remembered=remembered), keys


async def _refusal(verifier: TokenVerifier, token: str) -> str:
    with pytest.raises(ChatlyError) as raised:
        await verifier.verify(token)
    return raised.value.reason


async def test_a_valid_token_contains_user_session_and_expiry() -> None:
    verifier, _ = _verifier()
    token = user_token(ANNA, keypair=KEYPAIR, now=NOON, session_id="s")

    caller = await verifier.verify(token)

    assert (caller.user_id, caller.session_id, caller.token) == (ANNA, "s", token)
    assert caller.expires_at == NOON + timedelta(minutes=15)


@pytest.mark.parametrize("claim", ["sub", "userId", "sid", "jti", "iat", "exp", "iss", "aud"])
async def test_every_claim_is_required(claim: str) -> None:
    verifier, _ = _verifier()

    assert (
        await _refusal(verifier, user_token(ANNA, keypair=KEYPAIR, now=NOON, claims={claim: None})) == "TOKEN_INVALID"
    )


@pytest.mark.parametrize("changed", [{"iss": "elsewhere"}, {"aud": "elsewhere"}, {"exp": "soon"}, {"exp": 10**30}])
async def test_claims_of_another_issuer_or_with_invalid_times_are_refused(changed: dict[str, object]) -> None:
    verifier, _ = _verifier()

    assert await _refusal(verifier, user_token(ANNA, keypair=KEYPAIR, now=NOON, claims=changed)) == "TOKEN_INVALID"


async def test_a_token_signed_with_the_public_key_as_a_password_is_refused() -> None:
    verifier, _ = _verifier()
    claims = {"iss": "chatly", "aud": "chatly", "sub": ANNA, "userId": ANNA, "sid": "s", "jti": "j"}
    times = {"iat": NOON, "exp": NOON + timedelta(hours=1)}
    public = KEYPAIR.public.public_bytes_raw()
    forged = jwt.encode({**claims, **times}, public, algorithm="HS256", headers={"kid": KEYPAIR.kid})

    assert await _refusal(verifier, forged) == "TOKEN_INVALID"


async def test_an_unsigned_token_is_refused() -> None:
    verifier, _ = _verifier()
    unsigned = jwt.encode({"sub": ANNA}, "", algorithm="none", headers={"kid": KEYPAIR.kid})

    assert await _refusal(verifier, unsigned) == "TOKEN_INVALID"


async def test_a_token_is_valid_until_its_last_instant() -> None:
    clock = FakeClock()
    verifier, _ = _verifier(clock)
    token = user_token(ANNA, keypair=KEYPAIR, now=NOON, life=timedelta(seconds=60))

    clock.advance(59.9)
    await verifier.verify(token)
    clock.advance(0.1)

    assert await _refusal(verifier, token) == "TOKEN_EXPIRED"


async def test_an_ended_session_is_reported_before_anything_else() -> None:
    clock = FakeClock()
    verifier, keys = _verifier(clock)
    token = user_token(ANNA, keypair=KEYPAIR, now=NOON, session_id="s")
    caller = await verifier.verify(token)
    keys.revoked.add(SessionId("s"))

    rejection = verifier.rejection(caller)
    assert rejection is not None
    assert rejection.reason == "SESSION_ENDED"
    assert await _refusal(verifier, token) == "SESSION_ENDED"


async def test_a_full_cache_drops_tokens_and_still_verifies_correctly() -> None:
    verifier, _ = _verifier(remembered=2)
    tokens = [user_token(an_id(), keypair=KEYPAIR, now=NOON) for _ in range(5)]

    first = [(await verifier.verify(token)).user_id for token in tokens]
    second = [(await verifier.verify(token)).user_id for token in tokens]

    assert first == second


def test_a_service_token_contains_its_service() -> None:
    clock = FakeClock()
    token = ServiceTokens(SECRET, clock=clock).issue("messaging")

    assert ServiceTokens(SECRET, clock=clock).verify(token) == ServiceCaller("messaging")


def test_a_service_token_is_used_again_while_it_has_a_minute_left() -> None:
    clock = FakeClock()
    tokens = ServiceTokens(SECRET, clock=clock)
    first = tokens.issue("messaging")

    clock.advance(239)
    assert tokens.issue("messaging") == first
    clock.advance(1)
    renewed = tokens.issue("messaging")
    assert renewed != first
    clock.advance(299)
    assert tokens.verify(renewed) == ServiceCaller("messaging")


def test_a_cached_service_token_expires() -> None:
    clock = FakeClock()
    tokens = ServiceTokens(SECRET, clock=clock)
    token = tokens.issue("messaging")
    tokens.verify(token)
    clock.advance(300)

    with pytest.raises(ChatlyError, match="TOKEN_EXPIRED"):
        tokens.verify(token)


def test_a_user_token_is_not_accepted_as_a_service_token() -> None:
    with pytest.raises(ChatlyError, match="TOKEN_INVALID"):
        ServiceTokens(SECRET, clock=FakeClock()).verify(user_token(ANNA, keypair=KEYPAIR, now=NOON))


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="31 bytes, it needs at least 32"):
        ServiceTokens(b"x" * 31, clock=FakeClock())
