"""Settings of every process, and the secret and the lock in its data folder."""

import fcntl
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kernel.disk import make_folder, make_private
from kernel.grpc.tokens import MIN_SECRET_BYTES
from kernel.settings import SettingsError, env, one_of, settings
from kernel.telemetry.logs import logger
from mesh.edge.tls import write_private

_OWNER_REMEDY = "Make the user that runs Chatly the owner of the folder and of everything in it."
_log = logger("mesh")

ENGINES = ("embedded", "distributed")


def _check_secret(secret: str) -> str | None:
    if secret and len(secret.encode()) < MIN_SECRET_BYTES:
        return f"has {len(secret.encode())} bytes, it needs at least {MIN_SECRET_BYTES}"
    return None


@settings
class ProcessSettings:
    """Settings of every process. Each service adds its own settings."""

    engines: str = env(
        "CHATLY_ENGINES",
        "embedded",
        help="`embedded`: SQLite and files; `distributed`: Kafka, Cassandra, Redis and S3",
        check=one_of(*ENGINES),
    )
    data_dir: Path = env("CHATLY_DATA_DIR", Path(".data"), help="folder of the embedded stores, secrets and logs")
    service_secret: str = env(
        "CHATLY_SERVICE_SECRET",
        "",
        help="shared secret of the mesh, at least 32 bytes, the same for every service; `chatly run` generates one",
        secret=True,
        check=_check_secret,
    )

    @property
    def distributed(self) -> bool:
        """True if the engines are servers that many processes share."""
        return self.engines == "distributed"


def required_secret(process: ProcessSettings) -> bytes:
    """Return the configured secret. Raise SettingsError if no secret is configured."""
    if not process.service_secret:
        raise SettingsError(
            "CHATLY_SERVICE_SECRET is not set: give every service the same one, "
            "e.g. from `openssl rand -base64 48`, or name a file by CHATLY_SERVICE_SECRET_FILE"
        )
    return process.service_secret.encode()


def embedded_secret(process: ProcessSettings) -> bytes:
    """Return the configured secret.

    If no secret is configured, return the secret that the first start generated in the data folder.
    """
    if process.service_secret:
        return process.service_secret.encode()
    path = process.data_dir / "secrets" / "service"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(48).encode())
    return path.read_bytes()


@contextmanager
def lock_data_dir(data_dir: Path) -> Iterator[None]:
    """Lock the data folder until the block ends, and close it to other users of the machine.

    Raise SettingsError if another process has locked it.
    """
    make_folder(data_dir)
    with (data_dir / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SettingsError(
                f"another Chatly is running on {data_dir.resolve()}: stop it, or set CHATLY_DATA_DIR to another folder"
            ) from error
        try:
            make_private(data_dir)
        except PermissionError:
            _log.warning("the data folder is not private", folder=str(data_dir), remedy=_OWNER_REMEDY)
        yield
