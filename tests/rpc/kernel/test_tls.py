"""Mutual TLS between services: admission, trust, and renewal of certificates."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import grpc
import httpx
import pytest
from chatly.auth.v1 import auth_service_pb2 as auth_pb
from chatly.auth.v1.auth_service_pb2_grpc import AuthServiceStub
from cryptography import x509

from engines.certificates import Authority, Pair
from kernel.grpc.client import open_channel
from kernel.grpc.settings import ServerSettings
from kernel.grpc.tls import MeshTls, TlsSettings, load_tls
from kernel.settings import SettingsError
from tests.fakes import Served, running
from tests.rpc.kernel.harness import a_service, no_keys
from tests.waiting import eventually

EVERYBODY = ["auth", "messaging", "edge"]
QUESTION = auth_pb.GetJwksRequest()


def tls_of(authority: Authority, pair: Pair) -> MeshTls:
    return MeshTls(
        TlsSettings(certificate_file=str(pair.certificate), key_file=str(pair.key), ca_file=str(authority.ca))
    )


@pytest.fixture
def ours(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ours")


@pytest.fixture
def theirs(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "theirs", name="Somebody else")


@pytest.fixture
async def auth(ours: Authority) -> AsyncIterator[Served]:
    pair = ours.issue("auth", ["auth"])
    async with running(a_service("auth", GetJwks=no_keys), tls=tls_of(ours, pair)) as served:
        yield served


async def code_of(served: Served, tls: MeshTls | None, *, peer: str = "auth") -> grpc.StatusCode:
    async with open_channel(served.server.address, forward="none", tls=tls, peer=peer) as channel:
        try:
            await AuthServiceStub(channel).GetJwks(QUESTION, timeout=3)
        except grpc.aio.AioRpcError as error:
            return error.code()
    return grpc.StatusCode.OK


async def test_services_with_the_same_ca_can_talk(auth: Served, ours: Authority) -> None:
    assert await code_of(auth, tls_of(ours, ours.issue("messaging", ["messaging"]))) is grpc.StatusCode.OK


async def test_a_client_without_a_certificate_is_refused(auth: Served, ours: Authority) -> None:
    credentials = grpc.ssl_channel_credentials(ours.ca.read_bytes())
    options = [("grpc.ssl_target_name_override", "auth")]
    async with grpc.aio.secure_channel(auth.server.address, credentials, options=options) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await AuthServiceStub(channel).GetJwks(QUESTION, timeout=3)

    assert refused.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_client_in_plaintext_is_refused(auth: Served) -> None:
    assert await code_of(auth, None) is grpc.StatusCode.UNAVAILABLE


async def test_a_client_with_another_ca_is_refused(auth: Served, ours: Authority, theirs: Authority) -> None:
    pair = theirs.issue("messaging", EVERYBODY)
    settings = TlsSettings(certificate_file=str(pair.certificate), key_file=str(pair.key), ca_file=str(ours.ca))

    assert await code_of(auth, MeshTls(settings)) is grpc.StatusCode.UNAVAILABLE


async def test_a_client_with_an_expired_certificate_is_refused(auth: Served, ours: Authority) -> None:
    late = ours.issue("late", EVERYBODY, ends=timedelta(minutes=-1))

    assert await code_of(auth, tls_of(ours, late)) is grpc.StatusCode.UNAVAILABLE


async def test_a_server_with_another_ca_is_not_trusted(ours: Authority, theirs: Authority) -> None:
    forged = theirs.issue("auth", ["auth"])
    # It accepts every client: only the client can detect the wrong server.
    settings = TlsSettings(certificate_file=str(forged.certificate), key_file=str(forged.key), ca_file=str(ours.ca))
    async with running(a_service("auth", GetJwks=no_keys), tls=MeshTls(settings)) as served:
        assert await code_of(served, tls_of(ours, ours.issue("m", EVERYBODY))) is grpc.StatusCode.UNAVAILABLE


async def test_a_service_cannot_impersonate_another_one(auth: Served, ours: Authority) -> None:
    messaging = tls_of(ours, ours.issue("messaging", ["messaging"]))

    assert await code_of(auth, messaging, peer="media") is grpc.StatusCode.UNAVAILABLE


async def test_http_requires_a_certificate_too(auth: Served, ours: Authority) -> None:
    url = auth.http.replace("http://", "https://") + "/healthz"
    pair = ours.issue("edge", ["edge"])
    nobody = ssl.create_default_context(cafile=ours.ca)
    nobody.check_hostname = False
    somebody = ssl.create_default_context(cafile=ours.ca)
    somebody.load_cert_chain(pair.certificate, pair.key)
    async with httpx.AsyncClient(verify=somebody) as client:
        answer = await client.get(url, extensions={"sni_hostname": "auth"})
    async with httpx.AsyncClient(verify=nobody) as client:
        with pytest.raises(httpx.TransportError):
            await client.get(url)
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.TransportError):
            await client.get(f"{auth.http}/healthz")

    assert answer.status_code == 200


async def test_probes_need_no_certificate_and_get_no_other_path(ours: Authority, unused_tcp_port: int) -> None:
    settings = ServerSettings(grace_seconds=1.0, metrics_port=unused_tcp_port)
    tls = tls_of(ours, ours.issue("auth", ["auth"]))
    async with (
        running(a_service("auth", GetJwks=no_keys), tls=tls, settings=settings),
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{unused_tcp_port}") as client,
    ):
        health, metrics, other = [await client.get(path) for path in ("/healthz", "/metrics", "/api/uploads/1")]

    assert health.json()["status"] == "SERVING"
    assert "chatly_serving" in metrics.text
    assert other.status_code == 404


async def test_new_connections_get_the_renewed_certificate(auth: Served, ours: Authority) -> None:
    before = [await shown(auth, auth.server.grpc_port, ours), await shown(auth, auth.server.http_port, ours)]

    renewed = x509.load_pem_x509_certificate(ours.issue("auth", ["auth"]).certificate.read_bytes()).serial_number

    assert renewed not in before
    assert await shown(auth, auth.server.grpc_port, ours) == renewed
    assert await shown(auth, auth.server.http_port, ours) == renewed


async def test_an_open_channel_uses_the_renewed_certificate(
    ours: Authority, theirs: Authority, tmp_path: Path, unused_tcp_port: int
) -> None:
    """The CA itself is replaced: a restarted server refuses clients with an old certificate."""
    files = [tmp_path / name for name in ("tls.crt", "tls.key", "ca.crt")]
    certificate, key, ca = map(str, files)
    tls = TlsSettings(certificate_file=certificate, key_file=key, ca_file=ca)
    where = ServerSettings(grace_seconds=1.0, grpc_port=unused_tcp_port)

    def become(authority: Authority) -> None:
        pair = authority.issue("auth", EVERYBODY)
        for path, source in zip(files, (pair.certificate, pair.key, authority.ca), strict=True):
            path.write_bytes(source.read_bytes())

    become(ours)
    async with open_channel(f"127.0.0.1:{unused_tcp_port}", forward="none", tls=MeshTls(tls), peer="auth") as channel:
        stub = AuthServiceStub(channel)

        async def answers() -> bool:
            try:
                await stub.GetJwks(QUESTION, timeout=3)
            except grpc.aio.AioRpcError as error:
                return error.code() is not grpc.StatusCode.UNAVAILABLE
            return True

        async with running(a_service("auth", GetJwks=no_keys), tls=MeshTls(tls), settings=where):
            assert await answers()
        become(theirs)
        async with running(a_service("auth", GetJwks=no_keys), tls=MeshTls(tls), settings=where) as served:
            await eventually(answers, "the channel has the new certificate")

            assert await code_of(served, tls_of(ours, ours.issue("old", EVERYBODY))) is grpc.StatusCode.UNAVAILABLE


async def test_files_that_do_not_match_leave_the_last_certificate_in_use(auth: Served, ours: Authority) -> None:
    other = ours.issue("other", ["auth"])
    (ours.ca.parent / "auth.crt").write_bytes(other.certificate.read_bytes())

    assert await code_of(auth, tls_of(ours, other)) is grpc.StatusCode.OK


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("CHATLY_TLS_KEY_FILE", "CHATLY_TLS_KEY_FILE must be set too"),
        ("CHATLY_TLS_CA_FILE", "CHATLY_TLS_CA_FILE must be set too"),
    ],
)
def test_incomplete_settings_are_refused(ours: Authority, missing: str, message: str) -> None:
    environ = environ_of(ours, ours.issue("auth", ["auth"]))
    del environ[missing]

    with pytest.raises(SettingsError, match=message):
        load_tls(environ)


def test_missing_or_unreadable_files_are_named(ours: Authority) -> None:
    pair, other = ours.issue("auth", ["auth"]), ours.issue("other", ["auth"])
    environ = environ_of(ours, pair)

    with pytest.raises(SettingsError, match="CHATLY_TLS_CA_FILE names /nowhere"):
        load_tls({**environ, "CHATLY_TLS_CA_FILE": "/nowhere"})
    with pytest.raises(SettingsError, match=r"CHATLY_TLS_KEY_FILE .* cannot be used together"):
        load_tls({**environ, "CHATLY_TLS_KEY_FILE": str(other.key)})
    assert load_tls({}) is None


def environ_of(authority: Authority, pair: Pair) -> dict[str, str]:
    return {
        "CHATLY_TLS_CERT_FILE": str(pair.certificate),
        "CHATLY_TLS_KEY_FILE": str(pair.key),
        "CHATLY_TLS_CA_FILE": str(authority.ca),
    }


async def shown(served: Served, port: int, authority: Authority) -> int:
    """Return the serial number of the certificate that a new connection gets."""
    pair = authority.issue("looker", ["looker"])
    context = ssl.create_default_context(cafile=authority.ca)
    context.load_cert_chain(pair.certificate, pair.key)
    context.set_alpn_protocols(["h2", "http/1.1"])
    _, writer = await asyncio.open_connection(served.server.host, port, ssl=context, server_hostname="auth")
    try:
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    finally:
        # Close without the TLS shutdown, which pending data of the server would break.
        writer.transport.abort()
    return x509.load_der_x509_certificate(der).serial_number
