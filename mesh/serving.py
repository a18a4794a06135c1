"""Serves targets over a platform, in this process."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from kernel.platform import Platform
from kernel.rpc.jwks import JwksFeed
from kernel.rpc.server import RunningServer, serve
from kernel.rpc.settings import load_server_settings
from kernel.rpc.tokens import ServiceTokens, TokenKeys, TokenVerifier
from kernel.runner import background
from kernel.settings import load
from kernel.telemetry.logs import logger
from mesh.platform import open_platform
from mesh.settings import PORTS, ProcessSettings, required_secret
from mesh.targets import TARGETS, Target


@asynccontextmanager
async def serving(
    target: Target, environ: Mapping[str, str], platform: Platform, published: TokenKeys
) -> AsyncIterator[RunningServer]:
    """One target, from opening its stores to draining; `published` are the keys as auth tells them."""
    settings = load_server_settings(target.name, port=PORTS[target.name], environ=environ)
    service_tokens = ServiceTokens(platform.service_secret, clock=platform.clock)
    async with target.open(environ, platform) as service, background(service.loops):
        tokens = TokenVerifier(keys=service.token_keys or published, clock=platform.clock)
        async with serve(service, settings=settings, tokens=tokens, service_tokens=service_tokens) as server:
            yield server


async def serve_one(name: str, environ: Mapping[str, str], stop: asyncio.Event) -> None:
    """`chatly serve <name>`: one service until `stop`."""
    process = load(ProcessSettings, environ)
    async with open_platform(process, secret=required_secret(process), name=name) as platform:
        feed = JwksFeed(platform.service_channel("auth"))
        loops = {} if name == "auth" else {"jwks": feed.run}
        async with background(loops), serving(TARGETS[name], environ, platform, feed) as server:
            logger("mesh").info("serving", service=name, grpc=server.address, http_port=server.http_port)
            await stop.wait()
