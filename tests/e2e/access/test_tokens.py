"""Every RPC with invalid tokens, at the edge and directly at the services."""

import asyncio

import grpc
import jwt
import pytest

from mesh.edge.contract import methods
from mesh.services import SERVICES
from tests.e2e.access.calls import key_of, outcome
from tests.e2e.access.cases import CASES
from tests.e2e.access.forgery import bad_tokens, signing_key
from tests.e2e.access.harness import Owned
from tests.e2e.mesh import EMBEDDED, Mesh
from tests.e2e.people import bearer, log_in, rest

PROTECTED = [method for method in methods() if not method.internal and not method.public]
_SECONDS = 5.0


async def outcomes(mesh: Mesh, owned: Owned, token: str, where: str) -> dict[str, str]:
    """Return the outcome of every RPC that needs a token."""
    addresses = {name: mesh.edge if where == "at the edge" else mesh.grpc[name] for name in SERVICES}
    channels = {address: grpc.aio.insecure_channel(address) for address in set(addresses.values())}
    try:
        return {
            key_of(method): await outcome(
                channels[addresses[method.target]],
                method,
                CASES[key_of(method)].request(owned, owned.group),
                bearer(token),
            )
            for method in PROTECTED
        }
    finally:
        await asyncio.gather(*(channel.close() for channel in channels.values()))


@EMBEDDED
@pytest.mark.parametrize("where", ["at the edge", "past the edge"])
async def test_every_rpc_refuses_a_bad_token(mesh: Mesh, owned: Owned, where: str) -> None:
    found = {
        (flaw, key): got
        for flaw, (token, _) in bad_tokens(mesh, owned.owner).items()
        for key, got in (await outcomes(mesh, owned, token, where)).items()
    }
    expected = {flaw: reason for flaw, (_, reason) in bad_tokens(mesh, owned.owner).items()}

    assert found == {(flaw, key): expected[flaw] for flaw, key in found}


@EMBEDDED
async def test_the_forged_tokens_use_the_right_key(mesh: Mesh, owned: Owned) -> None:
    """Otherwise the tokens above could be refused for the wrong reason."""
    assert jwt.get_unverified_header(owned.owner.token)["kid"] == signing_key(mesh).kid


@pytest.mark.parametrize("where", ["at the edge", "past the edge"])
async def test_an_ended_session_is_refused_everywhere_within_seconds(mesh: Mesh, owned: Owned, where: str) -> None:
    async with rest(mesh) as client:
        session = await log_in(client, owned.member.email)
        before = await client.get("/api/profile/me", headers=session.headers)
        await client.post("/api/auth/logout", json={}, headers=session.headers)
    found: dict[str, str] = {}
    async with asyncio.timeout(_SECONDS):
        while set(found.values()) != {"SESSION_ENDED"}:
            found = await outcomes(mesh, owned, session.token, where)

    assert before.status_code == 200
