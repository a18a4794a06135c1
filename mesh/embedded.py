"""`chatly run`: the whole mesh in one process, with Envoy beside it."""

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
from mesh.addresses import Addresses, load_addresses
from mesh.edge.front import ListedNode, edge_settings, plaintext_warning, ready_line, serve_pages
from mesh.edge.process import Edge, stopped_at_the_end
from mesh.edge.settings import EdgeSettings
from mesh.platform import open_platform
from mesh.running import announced, held_ports
from mesh.serve import serving, tracing
from mesh.services import SERVICES, ServiceSpec
from mesh.settings import ProcessSettings, embedded_secret, lock_data_dir

Say = Callable[[str], None]


async def run_embedded(environ: Mapping[str, str], stop: asyncio.Event, say: Say) -> None:
    """Run the mesh until `stop`, then drain it. Raise SettingsError or EdgeFailedError, whose texts name the remedy."""
    process = load(ProcessSettings, environ)
    say(f"Chatly {version('chatly')}, data in {process.data_dir.resolve()}")
    with (
        lock_data_dir(process.data_dir),
        held_ports(environ, free=True) as own_environ,
        announced(process.data_dir, own_environ),
    ):
        edge, addresses = edge_settings(own_environ, process.data_dir), load_addresses(own_environ)
        # Envoy starts last and stops last, because streams receive the message to reconnect through Envoy.
        async with stopped_at_the_end(edge, addresses, process.data_dir / "edge") as envoy:
            mesh = _Embedded(process=process, edge=edge, addresses=addresses, envoy=envoy, environ=own_environ, say=say)
            async with tracing(own_environ, service="chatly"):
                await mesh.run(stop)
    say("Stopped.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Embedded:
    """The services and the web client behind Envoy."""

    process: ProcessSettings
    edge: EdgeSettings
    addresses: Addresses
    envoy: Edge
    environ: Mapping[str, str]
    say: Say

    async def run(self, stop: asyncio.Event) -> None:
        secret = embedded_secret(self.process)
        tls = load_tls(self.environ)
        async with open_platform(self.process, self.addresses, secret=secret, name="embedded", tls=tls) as platform:
            feed = JwksFeed(platform.service_channel("auth"))
            async with background({"jwks": feed.run}), AsyncExitStack() as stack:
                servers = [await self._start(spec, stack, platform, feed) for spec in SERVICES.values()]
                listed = [ListedNode(server.name, server.name, server.address) for server in servers]
                await stack.enter_async_context(serve_pages(self.edge, listed, tls))
                await self.envoy.start()
                await stack.enter_async_context(background({"edge": self.envoy.watch}))
                release_startup_memory()
                self.say(ready_line(self.edge))
                if warning := plaintext_warning(self.environ):
                    self.say(warning)
                await stop.wait()
                self.say("Draining: streams are asked to reconnect, running calls are finished.")

    async def _start(
        self, spec: ServiceSpec, stack: AsyncExitStack, platform: Platform, feed: JwksFeed
    ) -> RunningServer:
        server = await stack.enter_async_context(serving(spec, self.environ, platform, feed))
        self.say(f"  {server.name:<10} {server.address}")
        return server
