"""Mutual TLS between services. Renewed certificate files are loaded without a restart."""

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
    """The files for mutual TLS. Set all three, or none.

    The DNS name in a certificate is the name of the service, e.g. `auth`, not its address.
    """

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
    """Certificate, key and CA that belong together, as loaded from the files."""

    certificate: bytes
    key: bytes
    ca: bytes
    as_server: ssl.SSLContext
    as_grpc_server: ssl.SSLContext
    """Like `as_server`, for clients that speak HTTP/2."""
    as_client: ssl.SSLContext


class MeshTls:
    """Certificates of a process, for its servers and its clients."""

    def __init__(self, settings: TlsSettings) -> None:
        """Raise OSError or ssl.SSLError if the files cannot be used."""
        self._paths = tuple(Path(name) for name in (settings.certificate_file, settings.key_file, settings.ca_file))
        self._lock = Lock()
        self._seen = self._file_state()
        self._identity = self._read()

    def current(self) -> Identity:
        """Return the identity in the files. While the files do not match, return the last valid one. Thread-safe."""
        with self._lock:
            try:
                state = self._file_state()
                if state != self._seen:
                    self._identity, self._seen = self._read(), state
                    logger("tls").info("the certificate was renewed", file=str(self._paths[0]))
            except (OSError, ssl.SSLError) as error:
                # The files are probably being renewed. The next connection checks again.
                logger("tls").warning("the certificate on disk cannot be used, the last one stays", error=str(error))
            return self._identity

    def server_credentials(self) -> grpc.ServerCredentials:
        """Return credentials that use the current certificate for each connection and require a client certificate."""
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
            renewed,  # type: ignore[arg-type]  # the stubs lack None, which means no change
            require_client_authentication=True,
        )

    def server_context(self) -> ssl.SSLContext:
        """Return a context for HTTP servers with the same effect as `server_credentials`."""
        return _CurrentContext(lambda: self.current().as_server)

    def grpc_context(self) -> ssl.SSLContext:
        """Return a context for gRPC servers on asyncio with the same effect as `server_credentials`."""
        return _CurrentContext(lambda: self.current().as_grpc_server)

    def _file_state(self) -> tuple[tuple[int, int, int], ...]:
        stats = [path.stat() for path in self._paths]
        return tuple((stat.st_mtime_ns, stat.st_ino, stat.st_size) for stat in stats)

    def _read(self) -> Identity:
        certificate, key, ca = (path.read_bytes() for path in self._paths)
        as_server, as_grpc_server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        as_client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        as_server.verify_mode = as_grpc_server.verify_mode = ssl.CERT_REQUIRED
        as_grpc_server.set_alpn_protocols(["h2"])
        for context in (as_server, as_grpc_server, as_client):
            context.minimum_version = ssl.TLSVersion.TLSv1_2
            context.load_cert_chain(self._paths[0], self._paths[1])
            context.load_verify_locations(cadata=ca.decode("ascii"))
        if (certificate, key, ca) != tuple(path.read_bytes() for path in self._paths):
            raise OSError("the files are being changed at the moment")
        return Identity(
            certificate=certificate,
            key=key,
            ca=ca,
            as_server=as_server,
            as_grpc_server=as_grpc_server,
            as_client=as_client,
        )


class _CurrentContext(ssl.SSLContext):
    """Switches each new connection to the current context, because a server keeps one context for its lifetime."""

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
    """Return credentials for a channel, with this certificate even after a renewal."""
    return grpc.ssl_channel_credentials(identity.ca, identity.key, identity.certificate)


def _server_configuration(identity: Identity) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(identity.key, identity.certificate)], identity.ca)


def load_tls(environ: Mapping[str, str]) -> MeshTls | None:
    """Return the certificates of this process, or None for plaintext.

    Raise SettingsError if only some of the settings are set, or if they name unusable files.
    """
    given = load(TlsSettings, environ)
    named = dict(zip(_NAMES, (given.certificate_file, given.key_file, given.ca_file), strict=True))
    if not any(named.values()):
        return None
    if missing := [name for name, file in named.items() if not file]:
        raise SettingsError(f"{' and '.join(missing)} must be set too: TLS between services takes all three")
    if absent := [f"{name} names {file}" for name, file in named.items() if not os.access(file, os.R_OK)]:
        raise SettingsError(f"{', '.join(absent)}, which does not exist or is not readable")
    try:
        return MeshTls(given)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"CHATLY_TLS_CERT_FILE, CHATLY_TLS_KEY_FILE and CHATLY_TLS_CA_FILE cannot be used together: {error}"
        ) from error
