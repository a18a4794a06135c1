"""An S3 server (versitygw) over a folder."""

from engines.node import Node
from engines.security import Security, security
from engines.settings import CACHE, EngineSettings


def s3_nodes(settings: EngineSettings) -> list[Node]:
    """Return how to start the server."""
    folder = settings.data / "s3"
    (folder / "buckets").mkdir(parents=True, exist_ok=True)
    address = f"{settings.s3_host}:{settings.s3_port}"
    return [
        Node(
            name="s3-1",
            address=address,
            command=(
                *(str(CACHE / "bin" / "versitygw"), "--port", address),
                *_secured(security(settings)),
                *("posix", str(folder / "buckets")),
            ),
            folder=folder,
            environment={"ROOT_ACCESS_KEY": settings.s3_access_key, "ROOT_SECRET_KEY": settings.s3_secret_key},
        )
    ]


def _secured(security: Security | None) -> tuple[str, ...]:
    return () if security is None else ("--cert", str(security.pair.certificate), "--key", str(security.pair.key))
