"""The one table of services. Everything else that lists services derives from it."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

from kernel.log.retention import RetentionSettings
from kernel.platform import Platform
from kernel.service import Service
from kernel.settings import load, shown
from kernel.telemetry.logs import logger

if TYPE_CHECKING:
    from history.open import HistoryStore
    from kernel.cassandra.schema import Schema

T = TypeVar("T")
Engine = Literal["cassandra", "kafka", "redis", "s3"]
Api = Literal["grpc", "http"]
Opener = Callable[[Mapping[str, str], Platform], AbstractAsyncContextManager[Service]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSpec:
    """One deployable service."""

    name: str
    """The name in `chatly serve <name>`, in settings (`CHATLY_<NAME>_…`) and in certificates."""
    grpc_port: int
    """The default gRPC port."""
    grpc_engine: Literal["grpcio", "ngh2"] = "grpcio"
    """The default library of the gRPC server."""
    grpc_services: tuple[str, ...]
    """Full names of the gRPC services that this service serves."""
    engines: tuple[Engine, ...]
    """The engines that this service connects to in a distributed mesh."""
    edge: tuple[Api, ...] = ("grpc",)
    """The APIs of this service that clients reach through the edge."""
    nodes: int = 1
    """The number of processes that `chatly run` starts on distributed engines."""
    open: Opener
    """Opens the service.

    Only this call imports drivers, because an image has only the drivers of its own service.
    """
    schema: "Callable[[], Schema]"
    """Returns the Cassandra tables of the service. Only this call imports the driver."""

    @property
    def http_port(self) -> int:
        """The default HTTP port."""
        return self.grpc_port + 1000

    @property
    def uses_log(self) -> bool:
        """True if the service reads or writes the event log."""
        return "kafka" in self.engines


def _load_and_log(settings: type[T], environ: Mapping[str, str]) -> T:
    loaded = load(settings, environ)
    logger("mesh").info("settings", **shown(loaded))
    return loaded


@asynccontextmanager
async def _auth(environ: Mapping[str, str], platform: Platform) -> AsyncIterator[Service]:
    from services.auth.settings import AuthSettings
    from services.auth.wiring import open_auth

    async with open_auth(_load_and_log(AuthSettings, environ), platform) as service:
        yield service


@asynccontextmanager
async def _messaging(environ: Mapping[str, str], platform: Platform) -> AsyncIterator[Service]:
    from services.messaging.settings import MessagingSettings
    from services.messaging.wiring import open_messaging

    settings = _load_and_log(MessagingSettings, environ)
    async with _history(platform) as history, open_messaging(settings, platform, history) as service:
        yield service


@asynccontextmanager
async def _presence(environ: Mapping[str, str], platform: Platform) -> AsyncIterator[Service]:
    from services.presence.settings import PresenceSettings
    from services.presence.wiring import open_presence

    async with open_presence(_load_and_log(PresenceSettings, environ), platform) as service:
        yield service


@asynccontextmanager
async def _media(environ: Mapping[str, str], platform: Platform) -> AsyncIterator[Service]:
    from services.media.settings import MediaSettings
    from services.media.wiring import open_media

    async with open_media(_load_and_log(MediaSettings, environ), platform) as service:
        yield service


@asynccontextmanager
async def _persister(environ: Mapping[str, str], platform: Platform) -> AsyncIterator[Service]:
    from services.persister.settings import PersisterSettings
    from services.persister.wiring import open_persister

    settings, retention = _load_and_log(PersisterSettings, environ), _load_and_log(RetentionSettings, environ).time
    async with _history(platform) as history, open_persister(settings, platform, history, retention) as service:
        yield service


@asynccontextmanager
async def _history(platform: Platform) -> "AsyncIterator[HistoryStore]":
    from history.open import cassandra_history, open_history

    if platform.engines is not None:
        yield cassandra_history(platform.engines.cassandra, clock=platform.clock)
        return
    async with open_history(platform.data_dir, clock=platform.clock) as history:
        yield history


def _auth_schema() -> "Schema":
    from services.auth.adapters.cassandra.stores import auth_schema

    return auth_schema()


def _media_schema() -> "Schema":
    from services.media.adapters.cassandra.stores import media_schema

    return media_schema()


def _presence_schema() -> "Schema":
    from services.presence.adapters.cassandra.profiles import presence_schema

    return presence_schema()


def _history_schema() -> "Schema":
    from history.open import cassandra_schema

    return cassandra_schema()


SERVICES = {
    spec.name: spec
    for spec in (
        ServiceSpec(
            name="auth",
            grpc_port=50051,
            grpc_services=("chatly.auth.v1.AuthService", "chatly.auth.v1.UserService"),
            engines=("cassandra", "redis"),
            edge=("grpc", "http"),
            open=_auth,
            schema=_auth_schema,
        ),
        ServiceSpec(
            name="messaging",
            grpc_port=50052,
            grpc_engine="ngh2",
            grpc_services=("chatly.messaging.v1.MessagingService",),
            engines=("cassandra", "kafka", "redis"),
            nodes=2,
            open=_messaging,
            schema=_history_schema,
        ),
        ServiceSpec(
            name="presence",
            grpc_port=50053,
            grpc_engine="ngh2",
            grpc_services=("chatly.presence.v1.PresenceService",),
            engines=("cassandra", "redis"),
            open=_presence,
            schema=_presence_schema,
        ),
        ServiceSpec(
            name="media",
            grpc_port=50054,
            grpc_services=("chatly.media.v1.MediaService",),
            engines=("cassandra", "kafka", "redis", "s3"),
            edge=("grpc", "http"),
            open=_media,
            schema=_media_schema,
        ),
        ServiceSpec(
            name="persister",
            grpc_port=50055,
            grpc_services=("chatly.persister.v1.PersisterService",),
            engines=("cassandra", "kafka", "redis"),
            edge=(),
            open=_persister,
            schema=_history_schema,
        ),
    )
}
"""Services by name, in start order. Auth is first, because every service asks auth for its public keys."""
