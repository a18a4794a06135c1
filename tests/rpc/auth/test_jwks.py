"""Published signing keys and revocations."""

import stat
from pathlib import Path

import httpx
import jwt
import pytest
from chatly.auth.v1 import auth_service_pb2 as pb

from kernel.errors import ChatlyError, KernelReason
from kernel.grpc.jwks import JwksFeed
from kernel.grpc.tokens import TokenVerifier
from kernel.runner import background
from tests.fakes import FakeClock
from tests.rpc.auth.conftest import serving_auth
from tests.rpc.auth.harness import AuthClient
from tests.waiting import eventually

DAY = 24 * 3600


def kid_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def database_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("auth.db*"))


async def published(auth: AuthClient) -> dict[str, pb.Jwk]:
    return {key.kid: key for key in (await auth.auth.GetJwks(pb.GetJwksRequest())).keys}


async def test_a_token_can_be_checked_with_the_published_key(auth: AuthClient) -> None:
    token = (await auth.person("alice")).login.token
    key = (await published(auth))[kid_of(token)]
    assert (key.kty, key.crv, key.alg, key.use) == ("OKP", "Ed25519", "EdDSA", "sig")

    jwk = jwt.PyJWK({"kty": key.kty, "crv": key.crv, "x": key.x, "kid": key.kid}, algorithm="EdDSA")
    claims = jwt.decode(
        token, jwk.key, algorithms=["EdDSA"], audience="chatly", issuer="chatly", options={"verify_iat": False}
    )
    assert claims["sub"]


async def test_the_same_keys_are_served_over_http(auth: AuthClient) -> None:
    async with httpx.AsyncClient() as client:
        response = await client.get(f"{auth.served.http}/.well-known/jwks.json")

    assert response.status_code == 200
    assert response.headers["cache-control"] == "public, max-age=60"
    (key,) = response.json()["keys"]
    assert set(key) == {"kty", "crv", "kid", "x", "alg", "use"}
    assert set(await published(auth)) == {key["kid"]}


async def test_a_restart_keeps_the_key_and_the_logins(tmp_path: Path, clock: FakeClock) -> None:
    async with serving_auth(tmp_path, clock) as before:
        login = (await before.person("alice")).login
        keys = await published(before)

    async with serving_auth(tmp_path, clock) as after:
        assert await published(after) == keys
        assert kid_of((await after.login("alice")).token) == kid_of(login.token)


async def test_a_rotation_logs_nobody_out(tmp_path: Path, clock: FakeClock) -> None:
    async with serving_auth(tmp_path, clock) as auth:
        old_kid = kid_of((await auth.person("alice")).login.token)
    clock.advance(30 * DAY)
    async with serving_auth(tmp_path, clock) as auth:
        assert len(await published(auth)) == 2
        last = await auth.login("alice")
        assert kid_of(last.token) == old_kid
        clock.advance(600)

        first = await auth.login("alice")

        assert kid_of(first.token) != old_kid
        for login in (last, first):
            metadata = (("authorization", f"Bearer {login.token}"),)
            listed = await auth.auth.ListSessions(pb.ListSessionsRequest(), metadata=metadata)
            assert any(each.current for each in listed.sessions)


async def test_only_the_owner_of_the_process_can_read_the_keys(auth: AuthClient, tmp_path: Path) -> None:
    await auth.register("alice")

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in database_files(tmp_path)}

    assert modes["auth.db"] == 0o600
    assert set(modes.values()) == {0o600}


async def test_the_health_check_is_serving(auth: AuthClient) -> None:
    async with httpx.AsyncClient() as client:
        health = await client.get(f"{auth.served.http}/healthz")

    assert health.json() == {"status": "SERVING", "checks": {"store": None}}


async def test_another_service_accepts_tokens_until_their_session_ends(auth: AuthClient, clock: FakeClock) -> None:
    person = await auth.person("alice")
    feed = JwksFeed(auth.served.channel)
    verifier = TokenVerifier(keys=feed, clock=clock)
    async with background({"jwks": feed.run}):
        caller = await verifier.verify(person.login.token)
        assert (caller.user_id, caller.session_id) == (person.user_id, person.login.session_id)

        await auth.auth.Logout(pb.LogoutRequest(), metadata=person.metadata)

        await eventually(lambda: caller.session_id in feed.revoked)
        with pytest.raises(ChatlyError) as rejected:
            await verifier.verify(person.login.token)
        assert rejected.value.reason == KernelReason.SESSION_ENDED
