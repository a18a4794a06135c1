"""Settings of a process, whatever it serves; each service has its own beside these."""

import fcntl
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from kernel.grpc.tokens import MIN_SECRET_BYTES
from kernel.settings import SettingsError, env, settings
from mesh.edge.tls import write_private

ENGINES = ("embedded", "distributed")
NODES = {"messaging": 2}
"""How many processes `chatly run` starts of a service on distributed engines; one of the others."""
_NODE_STRIDE = 10

PORTS = {"auth": 50051, "messaging": 50052, "presence": 50053, "media": 50054, "persister": 50055}
"""Each service's gRPC port unless set otherwise; its HTTP door's is 1000 above."""


def with_addresses(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment, completed by the addresses of services on this machine: they follow the ports that are set.

    On distributed engines some services have several processes: their ports lie 10 apart.
    """
    host = environ.get("CHATLY_HOST", "127.0.0.1")
    reached = "127.0.0.1" if host in {"0.0.0.0", "::"} else host
    distributed = environ.get("CHATLY_ENGINES") == "distributed"
    addresses = {}
    for service, port in PORTS.items():
        name, nodes = f"CHATLY_{service.upper()}", NODES.get(service, 1) if distributed else 1
        for kind, default in (("GRPC", port), ("HTTP", port + 1000)):
            first = int(environ.get(f"{name}_{kind}_PORT", default))
            all_ports = range(first, first + nodes * _NODE_STRIDE, _NODE_STRIDE)
            variable = f"{name}_ADDRESS" if kind == "GRPC" else f"{name}_HTTP_ADDRESS"
            addresses[variable] = ",".join(f"{reached}:{each}" for each in all_ports)
    return {**addresses, **environ}


def _engines_complaint(engines: str) -> str | None:
    return None if engines in ENGINES else f"must be {' or '.join(ENGINES)}, got {engines!r}"


def _secret_complaint(secret: str) -> str | None:
    if secret and len(secret.encode()) < MIN_SECRET_BYTES:
        return f"has {len(secret.encode())} bytes, it needs at least {MIN_SECRET_BYTES}"
    return None


@settings
class ProcessSettings:
    """What a process needs to know beside its services' own settings.

    Addresses are `host:port`; several of one service, joined by commas, are tried one after the other.
    """

    engines: str = env(
        "CHATLY_ENGINES",
        "embedded",
        help="`embedded`: SQLite and files; `distributed`: Kafka, Cassandra, Redis and S3",
        check=_engines_complaint,
    )
    data_dir: Path = env("CHATLY_DATA_DIR", Path(".data"), help="folder of the embedded stores, secrets and logs")
    service_secret: str = env(
        "CHATLY_SERVICE_SECRET",
        "",
        help="shared secret of the mesh, at least 32 bytes, the same for every service; `chatly run` generates one",
        secret=True,
        check=_secret_complaint,
    )
    auth: str = env("CHATLY_AUTH_ADDRESS", "127.0.0.1:50051", help="gRPC address of auth")
    messaging: str = env("CHATLY_MESSAGING_ADDRESS", "127.0.0.1:50052", help="gRPC address of messaging")
    presence: str = env("CHATLY_PRESENCE_ADDRESS", "127.0.0.1:50053", help="gRPC address of presence")
    media: str = env("CHATLY_MEDIA_ADDRESS", "127.0.0.1:50054", help="gRPC address of media")
    persister: str = env("CHATLY_PERSISTER_ADDRESS", "127.0.0.1:50055", help="gRPC address of the persister")

    @property
    def distributed(self) -> bool:
        """Whether the engines are servers that many processes share."""
        return self.engines == "distributed"

    def address(self, service: str) -> str:
        """`host:port` of a service's gRPC, or several, joined by commas."""
        return str(getattr(self, service))


def required_secret(process: ProcessSettings) -> bytes:
    """The configured secret; raises SettingsError where there is none."""
    if not process.service_secret:
        raise SettingsError(
            "CHATLY_SERVICE_SECRET is not set: give every service the same one, "
            "e.g. from `openssl rand -base64 48`, or name a file by CHATLY_SERVICE_SECRET_FILE"
        )
    return process.service_secret.encode()


def embedded_secret(process: ProcessSettings) -> bytes:
    """The configured secret, or one made at the first start and kept in the data folder."""
    if process.service_secret:
        return process.service_secret.encode()
    path = process.data_dir / "secrets" / "service"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(48).encode())
    return path.read_bytes()


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Hold the data folder; raises SettingsError if another process holds it."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SettingsError(
                f"another Chatly is running on {data_dir.resolve()}: end it, or set CHATLY_DATA_DIR to another folder"
            ) from error
        yield
