"""`chatly run`: the whole mesh in one process, Envoy beside it, from an empty folder to the ready line."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib.metadata import version

from kernel.grpc.jwks import JwksFeed
from kernel.grpc.server import RunningServer
from kernel.grpc.tls import load_tls
from kernel.platform import Platform
from kernel.runner import background, release_startup_memory
from kernel.settings import load
from mesh.edge.front import edge_settings, ready_line, serve_pages
from mesh.edge.process import Edge, stopped_at_the_end
from mesh.edge.settings import EdgeSettings
from mesh.platform import open_platform
from mesh.serving import ports_of, serving
from mesh.settings import ProcessSettings, embedded_secret, only_one
from mesh.targets import TARGETS, Target
from mesh.traces import tracing

Say = Callable[[str], None]


async def run_embedded(environ: Mapping[str, str], stop: asyncio.Event, say: Say) -> None:
    """Run until `stop`, then drain. Raises SettingsError or EdgeFailedError with what to do about it."""
    process = load(ProcessSettings, environ)
    say(f"Chatly {version('chatly')}, data in {process.data_dir.resolve()}")
    with only_one(process.data_dir), ports_of(TARGETS.values(), environ):
        edge = edge_settings(environ, process.data_dir)
        # The last to come, and the last to go: streams are told through it to reconnect.
        async with stopped_at_the_end(edge, process.data_dir / "edge") as envoy:
            mesh = _Embedded(process=process, edge=edge, envoy=envoy, environ=environ, say=say)
            async with tracing(environ, service="chatly"):
                await mesh.run(stop)
    say("Stopped.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Embedded:
    """The five services and the web client behind Envoy."""

    process: ProcessSettings
    edge: EdgeSettings
    envoy: Edge
    environ: Mapping[str, str]
    say: Say

    async def run(self, stop: asyncio.Event) -> None:
        secret = embedded_secret(self.process)
        tls = load_tls(self.environ)
        async with open_platform(self.process, secret=secret, name="embedded", tls=tls) as platform:
            feed = JwksFeed(platform.service_channel("auth"))
            async with background({"jwks": feed.run}), AsyncExitStack() as stack:
                servers = [await self._start(target, stack, platform, feed) for target in TARGETS.values()]
                await stack.enter_async_context(serve_pages(self.edge, servers, tls))
                await self.envoy.start()
                await stack.enter_async_context(background({"edge": self.envoy.watch}))
                release_startup_memory()
                self.say(ready_line(self.edge))
                await stop.wait()
                self.say("Draining: streams are told to reconnect, running calls are finished.")

    async def _start(self, target: Target, stack: AsyncExitStack, platform: Platform, feed: JwksFeed) -> RunningServer:
        server = await stack.enter_async_context(serving(target, self.environ, platform, feed))
        self.say(f"  {server.name:<10} {server.address}")
        return server
