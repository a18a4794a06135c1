"""What nobody should do by accident: talk in plaintext beyond this machine, or rely on secrets that everybody knows.

The embedded mesh is exempt: it does neither.
"""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlsplit

from kernel.cassandra.settings import CassandraSettings, addresses
from kernel.grpc.settings import load_server_settings
from kernel.grpc.tls import TlsSettings
from kernel.kafka.settings import KafkaSettings
from kernel.redis.settings import RedisSettings
from kernel.s3.settings import S3Settings
from kernel.settings import SettingsError, env, load, settings
from mesh.edge.settings import EdgeSettings
from mesh.settings import PORTS, ProcessSettings

T = TypeVar("T")
_MESH_TLS: Final = "set CHATLY_TLS_CERT_FILE, CHATLY_TLS_KEY_FILE and CHATLY_TLS_CA_FILE"
_KNOWN_PASSWORDS: Final = {
    *("admin", "cassandra", "changeme", "chatly", "chatly-dev", "chatly-secret", "default", "engines-of-this-machine"),
    *("guest", "kafka", "minio123", "minioadmin", "password", "redis", "root", "secret", "test"),
}
_KNOWN_SECRETS: Final = {"for-development-only-and-known-to-everybody"}
_LEAST_CHARACTERS: Final = 8
"""Different ones in a secret: `xxxx…` is long, and guessed first."""


@settings
class SafetySettings:
    """What is allowed although it is unsafe in general."""

    plaintext: bool = env(
        "CHATLY_ALLOW_PLAINTEXT",
        default=False,
        help="allow plaintext between machines and engines without passwords; only on a trusted network",
    )
    known_secrets: bool = env(
        "CHATLY_ALLOW_KNOWN_SECRETS", default=False, help="allow well-known secrets and passwords; only for development"
    )


def refuse_unsafe_service(environ: Mapping[str, str], service: str, *, uses_log: bool) -> None:
    """Raise SettingsError that says all that is unsafe in how this service would talk to the others and to engines.

    If settings of engines are missing or wrong, it names those of all of them.
    """
    process = load(ProcessSettings, environ)
    engines = _engines(environ, service, uses_log=uses_log)
    _refuse(
        environ,
        plaintext=[*_between_services(environ, process, service), *_open_engines(engines)],
        known=[*_known_secret(environ, process, service), *_known_passwords(engines)],
    )


def refuse_unsafe_edge(edge: EdgeSettings, environ: Mapping[str, str]) -> None:
    """The same of an edge, towards people and towards services."""
    _refuse(environ, plaintext=list(_open_edge(edge)), known=[])


def refuse_unsafe_web(edge: EdgeSettings, environ: Mapping[str, str]) -> None:
    """The same of the web client's files, in which whoever can change them may put anything."""
    host = edge.web.rpartition(":")[0]
    open_door = not (edge.mesh_certificate or _is_here(host))
    complaint = f"CHATLY_WEB_ADDRESS is {edge.web} without TLS: {_MESH_TLS}"
    _refuse(environ, plaintext=[complaint] if open_door else [], known=[])


@dataclass(frozen=True, slots=True)
class _Engines:
    """The settings of the engines that one service uses."""

    cassandra: CassandraSettings
    redis: RedisSettings
    kafka: KafkaSettings | None
    s3: S3Settings | None


def _engines(environ: Mapping[str, str], service: str, *, uses_log: bool) -> _Engines:
    wrong: list[str] = []

    def read(kind: type[T]) -> T | None:
        try:
            return load(kind, environ)
        except SettingsError as error:
            wrong.append(str(error))
            return None

    cassandra, redis = read(CassandraSettings), read(RedisSettings)
    kafka = read(KafkaSettings) if uses_log else None
    s3 = read(S3Settings) if service == "media" else None
    if cassandra is None or redis is None or wrong:
        raise SettingsError("; ".join(wrong))
    return _Engines(cassandra, redis, kafka, s3)


def _refuse(environ: Mapping[str, str], *, plaintext: Sequence[str], known: Sequence[str]) -> None:
    allowed = load(SafetySettings, environ)
    complaints = []
    if plaintext and not allowed.plaintext:
        complaints += [*plaintext, "CHATLY_ALLOW_PLAINTEXT=true allows this where the network itself is trusted"]
    if known and not allowed.known_secrets:
        complaints += [*known, "CHATLY_ALLOW_KNOWN_SECRETS=true allows this for development"]
    if complaints:
        raise SettingsError("; ".join(complaints))


def _between_services(environ: Mapping[str, str], process: ProcessSettings, service: str) -> Iterator[str]:
    if load(TlsSettings, environ).certificate_file:
        return
    host = load_server_settings(service, port=PORTS[service], environ=environ).host
    if not _is_here(host):
        yield f"CHATLY_HOST is {host} without TLS: {_MESH_TLS}"
    away = [f"CHATLY_{name.upper()}_ADDRESS" for name in PORTS if not _are_here(process.address(name).split(","))]
    if away:
        yield f"{', '.join(away)} lead to other machines without TLS: {_MESH_TLS}"


def _open_engines(engines: _Engines) -> Iterator[str]:
    cassandra, redis = engines.cassandra, engines.redis
    if not _is_cassandra_here(cassandra):
        if not cassandra.ca_file:
            yield "CHATLY_CASSANDRA_CONTACT_POINTS lead to other machines without TLS: set CHATLY_CASSANDRA_CA_FILE"
        if not (cassandra.username or cassandra.certificate_file):
            yield "Cassandra asks for no password: set CHATLY_CASSANDRA_USERNAME and CHATLY_CASSANDRA_PASSWORD"
    url = urlsplit(redis.url)
    if not _is_here(url.hostname or "localhost"):
        if not url.scheme.startswith("rediss"):
            yield "CHATLY_REDIS_URL leads to another machine without TLS: begin it with rediss:// or rediss+cluster://"
        if not (redis.password or url.password):
            yield "Redis asks for no password: set CHATLY_REDIS_PASSWORD"
    if (kafka := engines.kafka) is not None:
        safe = kafka.security_protocol == "SASL_SSL" or (kafka.secured and kafka.certificate_file)
        if not (safe or _are_here(kafka.bootstrap)):
            protocol = kafka.security_protocol
            yield f"CHATLY_KAFKA_SECURITY_PROTOCOL is {protocol}, and Kafka on another machine: set it to SASL_SSL"
    if engines.s3 is not None:
        endpoint = urlsplit(engines.s3.endpoint)
        if endpoint.scheme == "http" and not _is_here(endpoint.hostname or ""):
            yield "CHATLY_S3_ENDPOINT leads to another machine without TLS: begin it with https://"


def _known_secret(environ: Mapping[str, str], process: ProcessSettings, service: str) -> Iterator[str]:
    secret = process.service_secret
    host = load_server_settings(service, port=PORTS[service], environ=environ).host
    if _is_here(host) and _are_here([process.address(name) for name in PORTS]):
        return
    if secret in _KNOWN_SECRETS or (secret and len(set(secret)) < _LEAST_CHARACTERS):
        yield "CHATLY_SERVICE_SECRET is known or easily guessed: make one by `openssl rand -base64 48`"


def _known_passwords(engines: _Engines) -> Iterator[str]:
    cassandra, redis, kafka, s3 = engines.cassandra, engines.redis, engines.kafka, engines.s3
    url = urlsplit(redis.url)
    passwords = {}
    if not _is_cassandra_here(cassandra):
        passwords["CHATLY_CASSANDRA_PASSWORD"] = cassandra.password
    if not _is_here(url.hostname or "localhost"):
        passwords["CHATLY_REDIS_PASSWORD"] = redis.password or url.password or ""
    if kafka is not None and not _are_here(kafka.bootstrap):
        passwords["CHATLY_KAFKA_PASSWORD"] = kafka.password
    if s3 is not None and not (s3.endpoint and _is_here(urlsplit(s3.endpoint).hostname or "")):
        passwords["CHATLY_S3_SECRET_KEY"] = s3.secret_key
    for variable, password in passwords.items():
        if password.lower() in _KNOWN_PASSWORDS:
            yield f"{variable} is one that everybody knows: give that user another one"


def _open_edge(edge: EdgeSettings) -> Iterator[str]:
    if not (edge.tls_certificate or _is_here(edge.host)):
        yield f"CHATLY_EDGE_HOST is {edge.host} without TLS: set CHATLY_EDGE_TLS_CERTIFICATE and CHATLY_EDGE_TLS_KEY"
    behind = (edge.auth, edge.messaging, edge.presence, edge.media, edge.auth_http, edge.media_http, edge.web)
    if not edge.mesh_certificate and not _are_here([each for raw in behind for each in raw.split(",")]):
        yield f"the services are on other machines, and reached without TLS: {_MESH_TLS}"


def _is_cassandra_here(cassandra: CassandraSettings) -> bool:
    return all(_is_here(host) for host, _ in addresses(cassandra.contact_points))


def _are_here(places: Sequence[str]) -> bool:
    return all(_is_here(place.strip().rpartition(":")[0]) for place in places)


def _is_here(host: str) -> bool:
    """Whether it is this machine's loopback. Names are not looked up: what they lead to may change."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
