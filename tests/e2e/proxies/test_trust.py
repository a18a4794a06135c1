"""Which forwarded headers count: none, or those of the proxies in the settings."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from engines.certificates import Authority
from mesh.edge.settings import EdgeSettings
from tests.e2e.mesh import HOST
from tests.e2e.proxies.edge import an_edge

pytestmark = pytest.mark.asyncio(loop_scope="module")

PROXY = "127.0.0.2"
STRANGER = "127.0.0.3"
VISITOR = "198.51.100.7"
FORGED = "203.0.113.66"


async def seen(edge: EdgeSettings, peer: str, headers: Mapping[str, str], host: str = HOST) -> list[str]:
    """Return the client's address and scheme as services see them, for a connection from `peer`."""
    transport = httpx.AsyncHTTPTransport(local_address=peer)
    async with httpx.AsyncClient(transport=transport) as client:
        answer = await client.get(f"http://{host}:{edge.port}/seen", headers=headers)
    return list(answer.json())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def direct(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EdgeSettings]:
    async with an_edge(tmp_path_factory.mktemp("direct")) as edge:
        yield edge


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def proxied(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EdgeSettings]:
    async with an_edge(tmp_path_factory.mktemp("proxied"), CHATLY_EDGE_TRUSTED_PROXIES=f"{PROXY},10.0.0.0/8") as edge:
        yield edge


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_with_tls(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[EdgeSettings, Path]]:
    """An edge that other machines may reach, with a certificate, behind one proxy; and the certificate's CA."""
    folder = tmp_path_factory.mktemp("open")
    authority = Authority(folder)
    pair = authority.issue("edge", ["localhost", HOST])
    async with an_edge(
        folder,
        CHATLY_EDGE_HOST="::",
        CHATLY_EDGE_TLS_CERTIFICATE=str(pair.certificate),
        CHATLY_EDGE_TLS_KEY=str(pair.key),
        CHATLY_EDGE_PUBLIC_TLS_PORT="443",
        CHATLY_EDGE_TRUSTED_PROXIES=PROXY,
    ) as edge:
        yield edge, authority.ca


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-forwarded-for": FORGED, "x-forwarded-proto": "https"},
        {"x-envoy-external-address": FORGED},
        {"x-real-ip": FORGED, "forwarded": f"for={FORGED};proto=https", "x-forwarded-host": "evil.example"},
        {"x-envoy-internal": "true", "x-forwarded-for": f"{FORGED}, 10.0.0.1", "x-forwarded-scheme": "https"},
    ],
    ids=["none", "x-forwarded", "x-envoy", "others", "internal"],
)
async def test_without_trusted_proxies_no_forwarded_header_counts(
    direct: EdgeSettings, headers: Mapping[str, str]
) -> None:
    assert await seen(direct, STRANGER, headers) == [STRANGER, "http"]


async def test_a_trusted_proxy_names_the_client_and_the_scheme(proxied: EdgeSettings) -> None:
    for scheme in ("https", "http"):
        headers = {"x-forwarded-for": VISITOR, "x-forwarded-proto": scheme}
        assert await seen(proxied, PROXY, headers) == [VISITOR, scheme]


@pytest.mark.parametrize("visitor", [VISITOR, "10.1.2.3", "127.0.0.9", "2001:db8::7"])
async def test_only_the_entry_that_the_proxy_added_counts(proxied: EdgeSettings, visitor: str) -> None:
    headers = {"x-forwarded-for": f"{FORGED}, {visitor}", "x-envoy-external-address": FORGED}

    assert await seen(proxied, PROXY, headers) == [visitor, "http"]


async def test_other_machines_cannot_claim_to_be_a_proxy(proxied: EdgeSettings) -> None:
    headers = {"x-forwarded-for": f"{FORGED}, {PROXY}", "x-forwarded-proto": "https"}

    assert await seen(proxied, STRANGER, headers) == [STRANGER, "http"]


async def test_behind_two_proxies_the_second_last_entry_counts(tmp_path: Path) -> None:
    environ = {"CHATLY_EDGE_TRUSTED_PROXIES": PROXY, "CHATLY_EDGE_PROXY_HOPS": "2"}
    async with an_edge(tmp_path, **environ) as edge:
        headers = {"x-forwarded-for": f"{FORGED}, {VISITOR}, 192.0.2.1", "x-forwarded-proto": "https"}

        assert await seen(edge, PROXY, headers) == [VISITOR, "https"]


async def test_the_proxy_protocol_counts_only_from_a_trusted_proxy(tmp_path: Path) -> None:
    environ = {"CHATLY_EDGE_TRUSTED_PROXIES": PROXY, "CHATLY_EDGE_PROXY_PROTOCOL": "true"}
    async with an_edge(tmp_path, **environ) as edge:
        answers = {peer: await by_proxy_protocol(edge, peer) for peer in (PROXY, STRANGER, HOST)}

        assert f'["{VISITOR}","http"]' in answers[PROXY]
        assert answers[STRANGER] == answers[HOST] == ""
        # The health check of this machine.
        assert await seen(edge, HOST, {"x-forwarded-for": FORGED}) == [HOST, "http"]


async def by_proxy_protocol(edge: EdgeSettings, peer: str) -> str:
    """Return the answer to a request after a PROXY header. Empty: the edge closed the connection."""
    reader, writer = await asyncio.open_connection(HOST, edge.port, local_addr=(peer, 0))
    writer.write(f"PROXY TCP4 {VISITOR} {HOST} 4000 {edge.port}\r\n".encode())
    writer.write(b"GET /seen HTTP/1.1\r\nhost: edge\r\nx-forwarded-for: 6.6.6.6\r\nconnection: close\r\n\r\n")
    try:
        return (await reader.read()).decode()
    except ConnectionResetError:
        return ""
    finally:
        writer.close()


async def test_http_1_0_is_answered(direct: EdgeSettings) -> None:
    """As nginx sends it by default."""
    reader, writer = await asyncio.open_connection(HOST, direct.port)
    writer.write(b"GET /seen HTTP/1.0\r\nHost: chat.example.org\r\nConnection: close\r\n\r\n")
    answer = (await reader.read()).decode()
    writer.close()

    assert " 200 OK" in answer.splitlines()[0]
    assert answer.endswith('["127.0.0.1","http"]')


async def test_plain_http_from_other_machines_is_sent_to_https(open_with_tls: tuple[EdgeSettings, Path]) -> None:
    edge, _ = open_with_tls
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(local_address=STRANGER)) as client:
        answers = [
            await client.request(
                verb, f"http://{HOST}:{edge.port}{path}", headers={"host": "chat.example.org:8080"}, json={}
            )
            for verb, path in (("GET", "/seen?a=b"), ("POST", "/api/auth/login"), ("GET", "/api/users/search?query=a"))
        ]

    assert [(answer.status_code, answer.headers["location"]) for answer in answers] == [
        (308, f"https://chat.example.org:443{path}")
        for path in ("/seen?a=b", "/api/auth/login", "/api/users/search?query=a")
    ]
    # Browsers ignore it without TLS.
    assert all("strict-transport-security" not in answer.headers for answer in answers)


async def test_this_machine_and_proxies_are_not_redirected(open_with_tls: tuple[EdgeSettings, Path]) -> None:
    edge, _ = open_with_tls

    assert await seen(edge, HOST, {"x-forwarded-proto": "https"}) == [HOST, "http"]
    assert await seen(edge, "::1", {}, host="[::1]") == ["::1", "http"]
    assert await seen(edge, PROXY, {"x-forwarded-for": VISITOR, "x-forwarded-proto": "https"}) == [VISITOR, "https"]


async def test_over_tls_browsers_are_asked_to_stay(open_with_tls: tuple[EdgeSettings, Path]) -> None:
    edge, ca = open_with_tls
    trusted = ssl.create_default_context(cafile=str(ca))
    async with httpx.AsyncClient(verify=trusted) as client:
        answer = await client.get(f"https://localhost:{edge.tls_port}/seen", headers={"x-forwarded-proto": "http"})

    assert answer.json()[1] == "https"
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
