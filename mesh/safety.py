"""Refuses unsafe settings: plaintext to other machines, engines without passwords, and well-known secrets.

The embedded mesh is not checked, because it has no such settings.
"""

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
from kernel.sockets import address, is_loopback
from mesh.addresses import edge_upstreams, load_addresses
from mesh.edge.settings import EdgeSettings
from mesh.services import ServiceSpec
from mesh.settings import ProcessSettings

T = TypeVar("T")
_MESH_TLS: Final = "set CHATLY_TLS_CERT_FILE, CHATLY_TLS_KEY_FILE and CHATLY_TLS_CA_FILE"
_KNOWN_PASSWORDS: Final = {
    *("admin", "cassandra", "changeme", "chatly", "chatly-dev", "chatly-secret", "default", "engines-of-this-machine"),
    *("guest", "kafka", "minio123", "minioadmin", "password", "redis", "root", "secret", "test"),
}
_KNOWN_SECRETS: Final = {"for-development-only-and-known-to-everybody"}
_LEAST_CHARACTERS: Final = 8
"""A secret needs this many different characters: `xxxx…` is long but easy to guess."""


@settings
class SafetySettings:
    """Unsafe settings that the operator allows."""

    plaintext: bool = env(
        "CHATLY_ALLOW_PLAINTEXT",
        default=False,
        help="allow plaintext between machines and engines without passwords; only on a trusted network",
    )
    known_secrets: bool = env(
        "CHATLY_ALLOW_KNOWN_SECRETS", default=False, help="allow well-known secrets and passwords; only for development"
    )


def refuse_unsafe_service(environ: Mapping[str, str], spec: ServiceSpec) -> None:
    """Raise SettingsError with every unsafe setting of a service's connections to other services and to engines.

    If settings of engines are missing or wrong, the error lists these settings instead.
    """
    engines = _engines(environ, spec)
    _refuse(
        environ,
        plaintext=[*_plaintext_between_services(environ, spec), *_open_engines(engines)],
        known=[*_known_secret(environ, spec), *_known_passwords(engines)],
    )


def refuse_unsafe_edge(edge: EdgeSettings, environ: Mapping[str, str]) -> None:
    """Raise SettingsError if the edge would use plaintext to clients or services on other machines."""
    _refuse(environ, plaintext=list(_open_edge(edge, environ)), known=[])


def plaintext_risk(edge: EdgeSettings, environ: Mapping[str, str]) -> tuple[str, str] | None:
    """Return what others can read if `chatly run` listens to other machines in plain HTTP, and the remedy, or None.

    The certificate that `chatly run` generates does not count: browsers warn of it, so people use plain HTTP.
    """
    if is_loopback(edge.host) or (edge.tls_certificate and edge.https_only):
        return None
    if load(SafetySettings, environ).plaintext:
        return None
    where = address(edge.host, edge.port)
    risk = f"plain HTTP is open to other machines at {where}: passwords and messages can be read on the way"
    remedy = (
        "Set CHATLY_EDGE_TLS_CERTIFICATE and CHATLY_EDGE_TLS_KEY, or let CHATLY_EDGE_HOST be 127.0.0.1 behind a proxy "
        "with TLS. CHATLY_ALLOW_PLAINTEXT=true accepts it on a trusted network."
    )
    return risk, remedy


def refuse_unsafe_web(edge: EdgeSettings, environ: Mapping[str, str]) -> None:
    """Raise SettingsError if the web client's scripts would travel between machines in plaintext."""
    host = edge.web.rpartition(":")[0]
    unsafe = not (edge.mesh_certificate or is_loopback(host))
    message = f"CHATLY_WEB_ADDRESS is {edge.web} without TLS: {_MESH_TLS}"
    _refuse(environ, plaintext=[message] if unsafe else [], known=[])


@dataclass(frozen=True, slots=True)
class _Engines:
    """Settings of the engines that one service uses."""

    cassandra: CassandraSettings
    redis: RedisSettings
    kafka: KafkaSettings | None
    s3: S3Settings | None


def _engines(environ: Mapping[str, str], spec: ServiceSpec) -> _Engines:
    wrong: list[str] = []

    def read(kind: type[T]) -> T | None:
        try:
            return load(kind, environ)
        except SettingsError as error:
            wrong.append(str(error))
            return None

    cassandra, redis = read(CassandraSettings), read(RedisSettings)
    kafka = read(KafkaSettings) if "kafka" in spec.engines else None
    s3 = read(S3Settings) if "s3" in spec.engines else None
    if cassandra is None or redis is None or wrong:
        raise SettingsError("; ".join(wrong))
    return _Engines(cassandra, redis, kafka, s3)


def _refuse(environ: Mapping[str, str], *, plaintext: Sequence[str], known: Sequence[str]) -> None:
    allowed = load(SafetySettings, environ)
    messages = []
    if plaintext and not allowed.plaintext:
        messages += [*plaintext, "CHATLY_ALLOW_PLAINTEXT=true allows this where the network itself is trusted"]
    if known and not allowed.known_secrets:
        messages += [*known, "CHATLY_ALLOW_KNOWN_SECRETS=true allows this for development"]
    if messages:
        raise SettingsError("; ".join(messages))


def _plaintext_between_services(environ: Mapping[str, str], spec: ServiceSpec) -> Iterator[str]:
    if load(TlsSettings, environ).certificate_file:
        return
    host = load_server_settings(spec.name, port=spec.grpc_port, environ=environ).host
    if not is_loopback(host):
        yield f"CHATLY_HOST is {host} without TLS: {_MESH_TLS}"
    remote = [
        f"CHATLY_{name.upper()}_ADDRESS"
        for name, each in load_addresses(environ).items()
        if not _are_local(each.grpc.split(","))
    ]
    if remote:
        yield f"{', '.join(remote)} lead to other machines without TLS: {_MESH_TLS}"


def _open_engines(engines: _Engines) -> Iterator[str]:
    cassandra, redis = engines.cassandra, engines.redis
    if not _is_cassandra_local(cassandra):
        if not cassandra.ca_file:
            yield "CHATLY_CASSANDRA_CONTACT_POINTS lead to other machines without TLS: set CHATLY_CASSANDRA_CA_FILE"
        if not (cassandra.username or cassandra.certificate_file):
            yield "Cassandra asks for no password: set CHATLY_CASSANDRA_USERNAME and CHATLY_CASSANDRA_PASSWORD"
    url = urlsplit(redis.url)
    if not is_loopback(url.hostname or "localhost"):
        if not url.scheme.startswith("rediss"):
            yield "CHATLY_REDIS_URL leads to another machine without TLS: begin it with rediss:// or rediss+cluster://"
        if not (redis.password or url.password):
            yield "Redis asks for no password: set CHATLY_REDIS_PASSWORD"
    if (kafka := engines.kafka) is not None:
        safe = kafka.security_protocol == "SASL_SSL" or (kafka.secured and kafka.certificate_file)
        if not (safe or _are_local(kafka.bootstrap)):
            protocol = kafka.security_protocol
            yield f"CHATLY_KAFKA_SECURITY_PROTOCOL is {protocol}, and Kafka on another machine: set it to SASL_SSL"
    if engines.s3 is not None:
        endpoint = urlsplit(engines.s3.endpoint)
        if endpoint.scheme == "http" and not is_loopback(endpoint.hostname or ""):
            yield "CHATLY_S3_ENDPOINT leads to another machine without TLS: begin it with https://"


def _known_secret(environ: Mapping[str, str], spec: ServiceSpec) -> Iterator[str]:
    secret = load(ProcessSettings, environ).service_secret
    host = load_server_settings(spec.name, port=spec.grpc_port, environ=environ).host
    addresses = [each for service in load_addresses(environ).values() for each in service.grpc.split(",")]
    if is_loopback(host) and _are_local(addresses):
        return
    if secret in _KNOWN_SECRETS or (secret and len(set(secret)) < _LEAST_CHARACTERS):
        yield "CHATLY_SERVICE_SECRET is known or easily guessed: generate one with `openssl rand -base64 48`"


def _known_passwords(engines: _Engines) -> Iterator[str]:
    cassandra, redis, kafka, s3 = engines.cassandra, engines.redis, engines.kafka, engines.s3
    url = urlsplit(redis.url)
    passwords = {}
    if not _is_cassandra_local(cassandra):
        passwords["CHATLY_CASSANDRA_PASSWORD"] = cassandra.password
    if not is_loopback(url.hostname or "localhost"):
        passwords["CHATLY_REDIS_PASSWORD"] = redis.password or url.password or ""
    if kafka is not None and not _are_local(kafka.bootstrap):
        passwords["CHATLY_KAFKA_PASSWORD"] = kafka.password
    if s3 is not None and not (s3.endpoint and is_loopback(urlsplit(s3.endpoint).hostname or "")):
        passwords["CHATLY_S3_SECRET_KEY"] = s3.secret_key
    for variable, password in passwords.items():
        if password.lower() in _KNOWN_PASSWORDS:
            yield f"{variable} is a password that everybody knows: choose another one"


def _open_edge(edge: EdgeSettings, environ: Mapping[str, str]) -> Iterator[str]:
    if not (edge.tls_certificate or is_loopback(edge.host)):
        yield f"CHATLY_EDGE_HOST is {edge.host} without TLS: set CHATLY_EDGE_TLS_CERTIFICATE and CHATLY_EDGE_TLS_KEY"
    addresses = [*edge_upstreams(load_addresses(environ)).values(), edge.web]
    if not edge.mesh_certificate and not _are_local([each for raw in addresses for each in raw.split(",")]):
        yield f"the services are on other machines, and reached without TLS: {_MESH_TLS}"


def _is_cassandra_local(cassandra: CassandraSettings) -> bool:
    return all(is_loopback(host) for host, _ in addresses(cassandra.contact_points))


def _are_local(addresses: Sequence[str]) -> bool:
    return all(is_loopback(each.strip().rpartition(":")[0]) for each in addresses)
