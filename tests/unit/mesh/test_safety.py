"""Unsafe settings are refused at the start of a distributed deployment, with the setting that fixes each."""

import pytest

from kernel.settings import SettingsError, load
from mesh.edge.settings import EdgeSettings
from mesh.safety import plaintext_risk, refuse_unsafe_edge, refuse_unsafe_service, refuse_unsafe_web
from mesh.services import SERVICES

SECRET = "Yq3v8rT1kZ0bN5xW7cJ2mL9pD4sF6gHa"
LOCAL = {
    "CHATLY_SERVICE_SECRET": SECRET,
    "CHATLY_CASSANDRA_CONTACT_POINTS": "127.0.0.1:19042,127.0.0.2:19042",
    "CHATLY_REDIS_URL": "redis://localhost:16379",
    "CHATLY_KAFKA_BOOTSTRAP": "127.0.0.1:19092",
    "CHATLY_S3_ENDPOINT": "http://[::1]:19000",
    "CHATLY_S3_ACCESS_KEY": "chatly",
    "CHATLY_S3_SECRET_KEY": "chatly-secret",
}
MESH_TLS = {"CHATLY_TLS_CERT_FILE": "tls.crt", "CHATLY_TLS_KEY_FILE": "tls.key", "CHATLY_TLS_CA_FILE": "ca.crt"}


@pytest.fixture
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    file = tmp_path_factory.mktemp("ca") / "ca.crt"
    file.write_text("a certificate")
    return str(file)


@pytest.fixture
def remote(ca_file: str) -> dict[str, str]:
    """Safe settings of a deployment over many machines."""
    return {
        **LOCAL,
        **MESH_TLS,
        "CHATLY_HOST": "0.0.0.0",
        "CHATLY_AUTH_ADDRESS": "auth:50051",
        "CHATLY_CASSANDRA_CONTACT_POINTS": "cassandra:9042",
        "CHATLY_CASSANDRA_CA_FILE": ca_file,
        "CHATLY_CASSANDRA_USERNAME": "chatly-app",
        "CHATLY_CASSANDRA_PASSWORD": "a3f9c2",
        "CHATLY_REDIS_URL": "rediss://redis:6379/0",
        "CHATLY_REDIS_PASSWORD": "b7d1e8",
        "CHATLY_KAFKA_BOOTSTRAP": "kafka:9093",
        "CHATLY_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "CHATLY_KAFKA_USERNAME": "chatly",
        "CHATLY_KAFKA_PASSWORD": "c5a0f4",
        "CHATLY_S3_ENDPOINT": "https://s3.example.org",
        "CHATLY_S3_SECRET_KEY": "d2e6b9",
    }


def refusal(environ: dict[str, str], service: str = "media") -> str:
    """The text of the error, or nothing."""
    try:
        refuse_unsafe_service(environ, SERVICES[service])
    except SettingsError as error:
        return str(error)
    return ""


def test_a_mesh_on_one_machine_needs_no_tls_and_no_passwords() -> None:
    assert refusal(LOCAL) == ""


def test_many_machines_with_tls_and_passwords_are_accepted(remote: dict[str, str]) -> None:
    assert refusal(remote) == ""


@pytest.mark.parametrize(
    ("changes", "named", "remedy"),
    [
        (dict.fromkeys(MESH_TLS, ""), "CHATLY_HOST is 0.0.0.0", "set CHATLY_TLS_CERT_FILE"),
        (dict.fromkeys(MESH_TLS, ""), "CHATLY_AUTH_ADDRESS lead to other machines", "set CHATLY_TLS_CERT_FILE"),
        ({"CHATLY_CASSANDRA_CA_FILE": ""}, "CHATLY_CASSANDRA_CONTACT_POINTS", "set CHATLY_CASSANDRA_CA_FILE"),
        ({"CHATLY_CASSANDRA_USERNAME": ""}, "Cassandra asks for no password", "set CHATLY_CASSANDRA_USERNAME"),
        ({"CHATLY_REDIS_URL": "redis://redis:6379"}, "CHATLY_REDIS_URL", "begin it with rediss://"),
        ({"CHATLY_REDIS_PASSWORD": ""}, "Redis asks for no password", "set CHATLY_REDIS_PASSWORD"),
        ({"CHATLY_KAFKA_SECURITY_PROTOCOL": "PLAINTEXT"}, "CHATLY_KAFKA_SECURITY_PROTOCOL is PLAINTEXT", "SASL_SSL"),
        ({"CHATLY_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT"}, "is SASL_PLAINTEXT", "SASL_SSL"),
        ({"CHATLY_KAFKA_SECURITY_PROTOCOL": "SSL"}, "CHATLY_KAFKA_SECURITY_PROTOCOL is SSL", "SASL_SSL"),
        ({"CHATLY_S3_ENDPOINT": "http://minio:9000"}, "CHATLY_S3_ENDPOINT", "begin it with https://"),
    ],
)
def test_plaintext_to_other_machines_is_refused_unless_it_is_allowed(
    remote: dict[str, str], changes: dict[str, str], named: str, remedy: str
) -> None:
    refused = refusal({**remote, **changes})

    assert named in refused
    assert remedy in refused
    assert "CHATLY_ALLOW_PLAINTEXT=true" in refused
    assert refusal({**remote, **changes, "CHATLY_ALLOW_PLAINTEXT": "true"}) == ""


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CHATLY_SERVICE_SECRET", "for-development-only-and-known-to-everybody"),
        ("CHATLY_SERVICE_SECRET", "x" * 32),
        ("CHATLY_CASSANDRA_PASSWORD", "cassandra"),
        ("CHATLY_REDIS_PASSWORD", "redis"),
        ("CHATLY_REDIS_URL", "rediss://:Password@redis:6379/0"),
        ("CHATLY_KAFKA_PASSWORD", "admin"),
        ("CHATLY_S3_SECRET_KEY", "minioadmin"),
    ],
)
def test_well_known_secrets_are_refused_unless_they_are_allowed(
    remote: dict[str, str], variable: str, value: str
) -> None:
    environ = {**remote, variable: value}
    if variable == "CHATLY_REDIS_URL":
        environ["CHATLY_REDIS_PASSWORD"] = ""
        variable = "CHATLY_REDIS_PASSWORD"

    refused = refusal(environ)

    assert refused.startswith(f"{variable} is ")
    assert value not in refused
    assert "CHATLY_ALLOW_KNOWN_SECRETS=true" in refused
    assert refusal({**environ, "CHATLY_ALLOW_PLAINTEXT": "true"}) == refused
    assert refusal({**environ, "CHATLY_ALLOW_KNOWN_SECRETS": "true"}) == ""


def test_only_engines_that_a_service_uses_are_checked(remote: dict[str, str]) -> None:
    environ = {**remote, "CHATLY_KAFKA_SECURITY_PROTOCOL": "PLAINTEXT", "CHATLY_S3_ENDPOINT": "http://minio:9000"}

    assert refusal(environ, "presence") == ""
    assert "CHATLY_S3_ENDPOINT" not in refusal(environ, "messaging")


def test_an_edge_that_other_machines_reach_needs_tls_on_both_sides() -> None:
    def refused(environ: dict[str, str]) -> str:
        try:
            refuse_unsafe_edge(load(EdgeSettings, environ), environ)
        except SettingsError as error:
            return str(error)
        return ""

    open_to_all = {"CHATLY_EDGE_HOST": "0.0.0.0", "CHATLY_MEDIA_ADDRESS": "media:50054"}
    edge_tls = {"CHATLY_EDGE_TLS_CERTIFICATE": "edge.crt", "CHATLY_EDGE_TLS_KEY": "edge.key"}

    assert refused({}) == ""
    assert "CHATLY_EDGE_HOST is 0.0.0.0 without TLS: set CHATLY_EDGE_TLS_CERTIFICATE" in refused(open_to_all)
    assert "CHATLY_EDGE_HOST" not in refused(open_to_all | edge_tls)
    assert "set CHATLY_TLS_CERT_FILE" in refused(open_to_all | edge_tls)
    assert refused(open_to_all | edge_tls | MESH_TLS) == ""
    assert refused({**open_to_all, "CHATLY_ALLOW_PLAINTEXT": "true"}) == ""


def test_the_web_clients_files_are_not_served_to_other_machines_in_plaintext() -> None:
    environ = {"CHATLY_WEB_ADDRESS": "0.0.0.0:8081"}

    with pytest.raises(SettingsError, match=r"CHATLY_WEB_ADDRESS is 0\.0\.0\.0:8081 without TLS"):
        refuse_unsafe_web(load(EdgeSettings, environ), environ)
    refuse_unsafe_web(load(EdgeSettings, environ | MESH_TLS), environ | MESH_TLS)
    refuse_unsafe_web(load(EdgeSettings, {}), {})


@pytest.mark.parametrize(
    ("environ", "warns"),
    [
        ({}, False),
        ({"CHATLY_EDGE_HOST": "::1"}, False),
        ({"CHATLY_EDGE_HOST": "0.0.0.0"}, True),
        ({"CHATLY_EDGE_HOST": "::"}, True),
        ({"CHATLY_EDGE_HOST": "::", "CHATLY_EDGE_TLS_CERTIFICATE": "edge.crt"}, False),
        (
            {"CHATLY_EDGE_HOST": "::", "CHATLY_EDGE_TLS_CERTIFICATE": "edge.crt", "CHATLY_EDGE_HTTPS_ONLY": "false"},
            True,
        ),
        ({"CHATLY_EDGE_HOST": "0.0.0.0", "CHATLY_ALLOW_PLAINTEXT": "true"}, False),
    ],
    ids=["default", "loopback", "open", "open to IPv6", "redirected", "not redirected", "accepted"],
)
def test_plain_http_to_other_machines_is_a_risk(environ: dict[str, str], *, warns: bool) -> None:
    risk = plaintext_risk(load(EdgeSettings, environ), environ)

    assert (risk is not None) is warns
    assert risk is None or "CHATLY_EDGE_TLS_CERTIFICATE" in risk[1]
