"""The table of targets: a service's name, its port, and how it is opened."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from kernel.platform import Platform
from kernel.service import Service
from kernel.settings import load, shown
from kernel.telemetry.logs import logger

if TYPE_CHECKING:
    from history.open import HistoryStore
    from kernel.cassandra.schema import Schema

T = TypeVar("T")
Opener = Callable[[Mapping[str, str], Platform], AbstractAsyncContextManager[Service]]


@dataclass(frozen=True, slots=True)
class Target:
    """One deployable service."""

    name: str
    open: Opener
    """Imports a service's drivers and libraries only when called: an image installs no others."""
    schema: "Callable[[], Schema]"
    """Its tables in Cassandra. Imports the driver when called."""
    log: bool = True
    """Whether it uses the event log."""


def _told(settings: type[T], environ: Mapping[str, str]) -> T:
    """A service's settings, which the log tells of with secrets masked."""
    loaded = load(settings, environ)
    logger("mesh").info("settings", **shown(loaded))
    return loaded


@asynccontextmanager
async def _auth(environ: Mapping[str, str], platform: Platform) -> AsyncIterator[Service]:
    from services.auth.settings import AuthSettings
    from services.auth.wiring import open_auth

    async with open_auth(_told(AuthSettings, environ), platform) as service:
        yield service


@asynccontextmanager
async def _messaging(environ: Mapping[str, str], platform: Platform) -> AsyncIterator[Service]:
    from services.messaging.settings import MessagingSettings
    from services.messaging.wiring import open_messaging

    async with (
        _history(platform) as history,
        open_messaging(_told(MessagingSettings, environ), platform, history) as service,
    ):
        yield service


@asynccontextmanager
async def _presence(environ: Mapping[str, str], platform: Platform) -> AsyncIterator[Service]:
    from services.presence.settings import PresenceSettings
    from services.presence.wiring import open_presence

    async with open_presence(_told(PresenceSettings, environ), platform) as service:
        yield service


@asynccontextmanager
async def _media(environ: Mapping[str, str], platform: Platform) -> AsyncIterator[Service]:
    from services.media.settings import MediaSettings
    from services.media.wiring import open_media

    async with open_media(_told(MediaSettings, environ), platform) as service:
        yield service


@asynccontextmanager
async def _persister(environ: Mapping[str, str], platform: Platform) -> AsyncIterator[Service]:
    from services.persister.settings import PersisterSettings
    from services.persister.wiring import open_persister

    async with (
        _history(platform) as history,
        open_persister(_told(PersisterSettings, environ), platform, history) as service,
    ):
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


TARGETS = {
    target.name: target
    for target in (
        Target("auth", _auth, _auth_schema, log=False),
        Target("messaging", _messaging, _history_schema),
        Target("presence", _presence, _presence_schema, log=False),
        Target("media", _media, _media_schema),
        Target("persister", _persister, _history_schema),
    )
}
"""In the order in which they start: everybody asks auth for its keys."""
