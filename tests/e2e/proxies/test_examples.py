"""The examples of docs/operations.md with real proxies before a whole mesh."""

import re
import shutil
import ssl
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from engines.certificates import Authority
from mesh.child import Child
from tests.e2e.mesh import HOST, Mesh, running_mesh
from tests.e2e.people import PASSWORD, log_in, people
from tests.e2e.rest.talk import send
from tests.e2e.web.test_streams import next_of, subscribed
from tests.ports import free_ports
from tests.waiting import eventually

pytestmark = pytest.mark.asyncio(loop_scope="module")

GUIDE = Path(__file__).parents[3] / "docs" / "operations.md"
HOST_NAME = "localhost"
VISITOR = "127.0.0.9"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mesh(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mesh]:
    async with running_mesh(tmp_path_factory.mktemp("mesh"), CHATLY_EDGE_TRUSTED_PROXIES=HOST) as mesh:
        yield mesh


@asynccontextmanager
async def through(proxy: str, mesh: Mesh, folder: Path) -> AsyncIterator[httpx.AsyncClient]:
    """Run a proxy with its example from the guide. Yield a client that trusts the proxy's certificate."""
    authority = Authority(folder)
    pair = authority.issue("proxy", [HOST_NAME])
    free = free_ports()
    port, edge_port = next(free), mesh.edge.rpartition(":")[2]
    example = (
        example_of(proxy)
        .replace("127.0.0.1:8080", f"{HOST}:{edge_port}")
        .replace("/etc/ssl/chat.crt", str(pair.certificate))
        .replace("/etc/ssl/chat.key", str(pair.key))
        .replace("chat.example.org", HOST_NAME)
    )
    if proxy == "nginx":
        example = example.replace("listen 443 ssl", f"listen {HOST}:{port} ssl")
        process_wide = f"daemon off; pid {folder}/pid; error_log stderr; events {{}}"
        example = f"{process_wide} http {{ access_log off; {temporary(folder)}\n{example} }}"
        command = [*(shutil.which("nginx") or "nginx", "-p", str(folder), "-e", "stderr", "-c")]
    else:
        example = example.replace(HOST_NAME, f"{HOST_NAME}:{port}", 1)
        example = f"{{\n admin off\n auto_https disable_redirects\n}}\n{example}"
        command = [shutil.which("caddy") or "caddy", "run", "--adapter", "caddyfile", "--config"]
    configuration = folder / "proxy.conf"
    configuration.write_text(example)
    with (folder / "proxy.log").open("wb") as log:
        process = Child.start([*command, str(configuration)], output=log)
    trusted = ssl.create_default_context(cafile=str(authority.ca))
    try:
        url = f"https://{HOST_NAME}:{port}"
        transport = httpx.AsyncHTTPTransport(verify=trusted, http2=True, local_address=VISITOR)
        async with httpx.AsyncClient(base_url=url, transport=transport, timeout=20) as client:

            async def is_up() -> bool:
                assert process.status is None, (folder / "proxy.log").read_text()
                try:
                    return (await client.get("/healthz")).status_code == 200
                except httpx.TransportError:
                    return False

            await eventually(is_up, f"{proxy} serves")
            yield client
    finally:
        await process.stop(seconds=5)


def example_of(proxy: str) -> str:
    """Return the example of a proxy."""
    found = re.findall(rf"^```{proxy}\n(.*?)^```$", GUIDE.read_text(), re.DOTALL | re.MULTILINE)
    (example,) = found
    return str(example)


def temporary(folder: Path) -> str:
    """Return nginx's settings for its temporary files."""
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in kinds)


@pytest.mark.parametrize(
    "proxy",
    [
        pytest.param("nginx", marks=pytest.mark.toolchain("nginx", optional=True)),
        pytest.param("caddy", marks=pytest.mark.toolchain("caddy", optional=True)),
    ],
)
async def test_people_chat_through_a_proxy(mesh: Mesh, tmp_path: Path, proxy: str) -> None:
    ann, bob = await people(mesh, "ann", "bob")
    async with through(proxy, mesh, tmp_path) as client:
        forged = {"x-forwarded-for": "203.0.113.66", "origin": str(client.base_url).rstrip("/")}
        credentials = {"email": ann.email, "password": PASSWORD, "use_cookies": True}
        login = await client.post("/api/auth/login", json=credentials, headers=forged)
        assert login.status_code == 200, login.text
        cookies = login.headers.get_list("set-cookie")
        assert cookies
        assert all(cookie.startswith("__Host-") and "Secure" in cookie for cookie in cookies)
        client.cookies.clear()
        sessions = (await client.get("/api/auth/sessions", headers=ann.headers)).json()["sessions"]
        assert sessions[0]["ip_address"] == VISITOR

        async with aclosing(subscribed(client, bob)) as events:
            await next_of(events, "caught_up")
            sent = await send(client, ann, bob, "hello")
            seen = await next_of(events, "message_created")
        assert seen.message_created.message_id == sent["message_id"]

        file = {"file": ("large.txt", b"a line of text\n" * 500_000, "text/plain")}
        uploaded = await client.post("/api/upload/message", files=file, headers=ann.headers)
        assert uploaded.status_code == 200, uploaded.text
        assert (await log_in(client, bob.email)).user_id == bob.user_id
