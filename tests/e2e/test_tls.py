"""A mesh with mutual TLS between all parts, including Envoy."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass

import grpc
import httpx
import pytest
import pytest_asyncio
from chatly.auth.v1 import auth_service_pb2 as auth
from chatly.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub
from cryptography import x509

from engines.certificates import Authority, Pair
from mesh.services import SERVICES
from tests.e2e.commands.chatly import chatly
from tests.e2e.live.listener import listening
from tests.e2e.mesh import HOST, Mesh, running_mesh
from tests.e2e.people import people, rest
from tests.waiting import eventually

pytestmark = [pytest.mark.timeout(120), pytest.mark.asyncio(loop_scope="module")]

EVERYBODY = [*SERVICES, "web", "edge"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    mesh: Mesh
    authority: Authority
    pair: Pair
    """The certificate of all parts of this mesh."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def certified(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Certified]:
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority(folder / "certificates")
    pair, edge_pair = authority.issue("mesh", EVERYBODY), authority.issue("edge", ["localhost", HOST])
    environ = {
        "CHATLY_TLS_CERT_FILE": str(pair.certificate),
        "CHATLY_TLS_KEY_FILE": str(pair.key),
        "CHATLY_TLS_CA_FILE": str(authority.ca),
        "CHATLY_EDGE_TLS_CERTIFICATE": str(edge_pair.certificate),
        "CHATLY_EDGE_TLS_KEY": str(edge_pair.key),
    }
    async with running_mesh(folder, **environ) as mesh:
        yield Certified(mesh=mesh, authority=authority, pair=pair)
        assert "Traceback" not in mesh.output(), mesh.output()


async def test_users_exchange_messages_and_files(certified: Certified) -> None:
    mesh = certified.mesh
    ann, bob = await people(mesh, "ann", "bob")
    async with grpc.aio.insecure_channel(mesh.edge) as edge, rest(mesh) as client:
        async with listening(edge, bob) as of_bob:
            await of_bob.until_caught_up()
            request = messaging.SendMessageRequest(
                chat_id=ann.chat_with(bob), client_message_id="6ba7b810-9dad-41d1-80b4-00c04fd430c8", text="hello"
            )
            sent = await MessagingServiceStub(edge).SendMessage(request, metadata=ann.metadata, timeout=10)
            assert (await of_bob.next("message_created")).message_created.message_id == sent.message.message_id
        file = {"file": ("a.txt", b"some text", "text/plain")}
        uploaded = await client.post("/api/upload/message", files=file, headers=ann.headers)
        loaded = await client.get(uploaded.json()["url"], headers=ann.headers)
        page = await client.get("/about")

    assert loaded.content == b"some text"
    assert "not serving" not in page.text
    assert "messaging" in page.text


async def test_no_service_accepts_callers_without_a_certificate(certified: Certified) -> None:
    for address in certified.mesh.grpc.values():
        async with grpc.aio.insecure_channel(address) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await AuthServiceStub(channel).GetJwks(auth.GetJwksRequest(), timeout=3)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
    web = certified.mesh.environ["CHATLY_WEB_ADDRESS"]
    async with httpx.AsyncClient() as client:
        for address in (*certified.mesh.http.values(), web):
            with pytest.raises(httpx.TransportError):
                await client.get(f"http://{address}/healthz")


async def test_chatly_commands_use_the_certificate(certified: Certified) -> None:
    environ = {**certified.mesh.environ, "CHATLY_HOST": HOST}

    well = await chatly(environ, "health", "messaging")
    stranger = await chatly(
        {**environ, "CHATLY_TLS_CERT_FILE": "", "CHATLY_TLS_KEY_FILE": "", "CHATLY_TLS_CA_FILE": ""},
        "health",
        "messaging",
    )
    doctor = await chatly(environ, "doctor")

    assert (well.exit_code, stranger.exit_code) == (0, 1)
    assert doctor.exit_code == 0, doctor.output


async def test_envoy_and_the_services_load_renewed_certificates(certified: Certified) -> None:
    """On both sides of Envoy, without a restart."""
    mesh, authority = certified.mesh, certified.authority
    pair, edge_pair = authority.issue("mesh", EVERYBODY), authority.issue("edge", ["localhost", HOST])
    inside, outside = (x509.load_pem_x509_certificate(each.certificate.read_bytes()) for each in (pair, edge_pair))
    trusted = ssl.create_default_context(cafile=authority.ca)
    async with httpx.AsyncClient() as admin:

        async def envoy_has_them() -> bool:
            known = (await admin.get(f"{mesh.admin_url}/certs")).text.lower()
            return all(f"{each.serial_number:x}" in known for each in (inside, outside))

        await eventually(envoy_has_them, "Envoy has read them")
    (carl,) = await people(mesh, "carl")
    async with httpx.AsyncClient(verify=trusted, base_url=mesh.tls_url) as client:
        file = {"file": ("a.txt", b"some text", "text/plain")}
        assert (await client.post("/api/upload/message", files=file, headers=carl.headers)).status_code == 200
    async with httpx.AsyncClient(verify=trusted) as client, client.stream("GET", f"{mesh.tls_url}/about") as answer:
        shown = answer.extensions["network_stream"].get_extra_info("ssl_object").getpeercert(binary_form=True)

    assert x509.load_der_x509_certificate(shown).serial_number == outside.serial_number


async def test_unusable_certificate_files_are_reported_in_one_line(certified: Certified) -> None:
    environ = {**certified.mesh.environ, "CHATLY_SERVICE_SECRET": "x" * 40, "CHATLY_TLS_KEY_FILE": "/nowhere.key"}

    refused = await chatly(environ, "serve", "auth")

    assert refused.exit_code == 2
    assert "CHATLY_TLS_KEY_FILE names /nowhere.key" in refused.output
    assert "Traceback" not in refused.output
