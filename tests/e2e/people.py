"""Users of a mesh with an account, a session and the headers of their calls."""

import asyncio
import ssl
from dataclasses import dataclass
from itertools import count

import httpx

from tests.e2e.mesh import HOST, Mesh

PASSWORD = "correct horse battery"

_TIMEOUT = 20.0
_numbers = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user with a session."""

    user_id: str
    username: str
    email: str
    token: str
    refresh_token: str
    session_id: str

    @property
    def headers(self) -> dict[str, str]:
        """Return the headers for REST."""
        return {"authorization": f"Bearer {self.token}"}

    @property
    def metadata(self) -> tuple[tuple[str, str], ...]:
        """Return the metadata for gRPC."""
        return bearer(self.token)

    def chat_with(self, other: "Person") -> str:
        """Return the chat_id of the two users."""
        return "_".join(sorted([self.user_id, other.user_id]))


def bearer(token: str) -> tuple[tuple[str, str], ...]:
    return (("authorization", f"Bearer {token}"),)


def rest(mesh: Mesh, *, address: str = HOST) -> httpx.AsyncClient:
    """Return a client of the edge that calls from this loopback address: attempts are counted per address."""
    return httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(local_address=address), base_url=mesh.url, timeout=_TIMEOUT
    )


def rest_over_tls(mesh: Mesh) -> httpx.AsyncClient:
    """Return a client of the edge over TLS and HTTP/2 that trusts only this mesh's certificate."""
    trusted = ssl.create_default_context(cafile=str(mesh.certificate))
    return httpx.AsyncClient(verify=trusted, http2=True, base_url=mesh.tls_url, timeout=_TIMEOUT)


async def somebody(mesh: Mesh, name: str = "someone") -> Person:
    """Register a new user; the name gets a unique number."""
    username = f"{name}{next(_numbers)}"
    account = {"username": username, "email": f"{username}@e2e.example", "password": PASSWORD}
    async with rest(mesh) as client:
        registered = await client.post("/api/auth/register", json=account)
        assert registered.status_code == 200, registered.text
        return await log_in(client, account["email"])


async def people(mesh: Mesh, *names: str) -> list[Person]:
    return list(await asyncio.gather(*(somebody(mesh, name) for name in names)))


async def log_in(client: httpx.AsyncClient, email: str) -> Person:
    """Open another session of a registered user."""
    answer = await client.post("/api/auth/login", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    kept = ("user_id", "username", "token", "refresh_token", "session_id")
    return Person(email=email, **{name: value for name, value in answer.json().items() if name in kept})
