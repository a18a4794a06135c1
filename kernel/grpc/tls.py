"""TLS between the services, both sides with a certificate. Files that are renewed are taken up without a restart."""

import os
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final, Self

import grpc

from kernel.settings import SettingsError, env, load, settings
from kernel.telemetry.logs import logger

_NAMES: Final = ("CHATLY_TLS_CERT_FILE", "CHATLY_TLS_KEY_FILE", "CHATLY_TLS_CA_FILE")


@settings
class TlsSettings:
    """All three or none. A certificate names what its owner is: the DNS name `auth` for auth, whatever its address."""

    certificate_file: str = env(
        "CHATLY_TLS_CERT_FILE",
        default="",
        help="PEM file of this process's certificate; the three CHATLY_TLS_* files together turn on mutual TLS",
    )
    key_file: str = env("CHATLY_TLS_KEY_FILE", default="", help="PEM file of the certificate's key")
    ca_file: str = env(
        "CHATLY_TLS_CA_FILE",
        default="",
        help="PEM file of the CA that signs the services' certificates; peers with other certificates are refused",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The files as they were at one moment, found to belong together."""

    certificate: bytes
    key: bytes
    ca: bytes
    as_server: ssl.SSLContext
    as_client: ssl.SSLContext


class MeshTls:
    """What a process shows to the others, and asks of them."""

    def __init__(self, settings: TlsSettings) -> None:
        """Raise OSError or ssl.SSLError where the files cannot be used."""
        self._paths = tuple(Path(name) for name in (settings.certificate_file, settings.key_file, settings.ca_file))
        self._lock = Lock()
        self._seen = self._stamp()
        self._identity = self._read()

    def current(self) -> Identity:
        """By the files as they are now; by what they were while they do not fit together. For any thread."""
        with self._lock:
            try:
                stamp = self._stamp()
                if stamp != self._seen:
                    self._identity, self._seen = self._read(), stamp
                    logger("tls").info("the certificate was renewed", file=str(self._paths[0]))
            except (OSError, ssl.SSLError) as error:
                # Half of a renewal, most likely: the next connection looks again.
                logger("tls").warning("the certificate on disk cannot be used, the last one stays", error=str(error))
            return self._identity

    def server_credentials(self) -> grpc.ServerCredentials:
        """Each new connection is met with the certificate of its time; a client without one of ours is refused."""
        given = self.current()

        def renewed() -> grpc.ServerCertificateConfiguration | None:
            nonlocal given
            identity = self.current()
            if identity is given:
                return None
            given = identity
            return _server_configuration(identity)

        return grpc.dynamic_ssl_server_credentials(
            _server_configuration(given),
            renewed,  # type: ignore[arg-type]  # its stubs do not know of None: no change
            require_client_authentication=True,
        )

    def server_context(self) -> ssl.SSLContext:
        """The same for an HTTP door."""
        return _Current(lambda: self.current().as_server)

    def _stamp(self) -> tuple[tuple[int, int, int], ...]:
        stats = [path.stat() for path in self._paths]
        return tuple((stat.st_mtime_ns, stat.st_ino, stat.st_size) for stat in stats)

    def _read(self) -> Identity:
        certificate, key, ca = (path.read_bytes() for path in self._paths)
        as_server, as_client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        as_server.verify_mode = ssl.CERT_REQUIRED
        for context in (as_server, as_client):
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.load_cert_chain(self._paths[0], self._paths[1])
            context.load_verify_locations(cadata=ca.decode("ascii"))
        if (certificate, key, ca) != tuple(path.read_bytes() for path in self._paths):
            raise OSError("the files are just being changed")
        return Identity(certificate=certificate, key=key, ca=ca, as_server=as_server, as_client=as_client)


class _Current(ssl.SSLContext):
    """Servers take one context for their whole life: this one is another for each connection."""

    _context: Callable[[], ssl.SSLContext]

    def __new__(cls, _: Callable[[], ssl.SSLContext]) -> Self:
        return super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)

    def __init__(self, context: Callable[[], ssl.SSLContext]) -> None:
        self._context = context

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,  # noqa: FBT001, FBT002 - ssl's own signature
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        return self._context().wrap_bio(incoming, outgoing, server_side, server_hostname, session)


def channel_credentials(identity: Identity) -> grpc.ChannelCredentials:
    """For a channel that lives as long as this certificate."""
    return grpc.ssl_channel_credentials(identity.ca, identity.key, identity.certificate)


def _server_configuration(identity: Identity) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(identity.key, identity.certificate)], identity.ca)


def load_tls(environ: Mapping[str, str]) -> MeshTls | None:
    """None: plaintext. Raise SettingsError if the settings are half there, or name files that cannot be used."""
    given = load(TlsSettings, environ)
    named = dict(zip(_NAMES, (given.certificate_file, given.key_file, given.ca_file), strict=True))
    if not any(named.values()):
        return None
    if missing := [name for name, file in named.items() if not file]:
        raise SettingsError(f"{' and '.join(missing)} must be set too: TLS between services takes all three")
    if absent := [f"{name} names {file}" for name, file in named.items() if not os.access(file, os.R_OK)]:
        raise SettingsError(f"{', '.join(absent)}, which is not there, or not for us to read")
    try:
        return MeshTls(given)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"CHATLY_TLS_CERT_FILE, CHATLY_TLS_KEY_FILE and CHATLY_TLS_CA_FILE cannot be used together: {error}"
        ) from error
