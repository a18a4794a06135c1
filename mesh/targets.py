"""The table of targets: a service's name, its port, and how it is opened."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from kernel.platform import Platform
from kernel.service import Service
from kernel.settings import load

Opener = Callable[[Mapping[str, str], Platform], AbstractAsyncContextManager[Service]]


@dataclass(frozen=True, slots=True)
class Target:
    """One deployable service."""

    name: str
    open: Opener
    """Imports a service's drivers and libraries only when called: an image installs no others."""


@asynccontextmanager
async def _auth(environ: Mapping[str, str], platform: Platform) -> AsyncIterator[Service]:
    from services.auth.settings import AuthSettings
    from services.auth.wiring import open_auth

    async with open_auth(load(AuthSettings, environ), platform) as service:
        yield service


@asynccontextmanager
async def _messaging(environ: Mapping[str, str], platform: Platform) -> AsyncIterator[Service]:
    from history.open import open_history
    from services.messaging.settings import MessagingSettings
    from services.messaging.wiring import open_messaging

    async with (
        open_history(platform.data_dir) as history,
        open_messaging(load(MessagingSettings, environ), platform, history) as service,
    ):
        yield service


@asynccontextmanager
async def _presence(environ: Mapping[str, str], platform: Platform) -> AsyncIterator[Service]:
    from services.presence.settings import PresenceSettings
    from services.presence.wiring import open_presence

    async with open_presence(load(PresenceSettings, environ), platform) as service:
        yield service


@asynccontextmanager
async def _media(environ: Mapping[str, str], platform: Platform) -> AsyncIterator[Service]:
    from services.media.settings import MediaSettings
    from services.media.wiring import open_media

    async with open_media(load(MediaSettings, environ), platform) as service:
        yield service


@asynccontextmanager
async def _persister(environ: Mapping[str, str], platform: Platform) -> AsyncIterator[Service]:
    from history.open import open_history
    from services.persister.settings import PersisterSettings
    from services.persister.wiring import open_persister

    async with (
        open_history(platform.data_dir) as history,
        open_persister(load(PersisterSettings, environ), platform, history) as service,
    ):
        yield service


TARGETS = {
    target.name: target
    for target in (
        Target("auth", _auth),
        Target("messaging", _messaging),
        Target("presence", _presence),
        Target("media", _media),
        Target("persister", _persister),
    )
}
"""In the order in which they start: everybody asks auth for its keys."""
