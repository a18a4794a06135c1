"""`chatly run`: the whole mesh in one process, Envoy beside it, from an empty folder to the ready line."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from importlib.metadata import version

from kernel.platform import Platform
from kernel.rpc.http import serve_http
from kernel.rpc.jwks import JwksFeed
from kernel.rpc.server import RunningServer
from kernel.runner import background
from kernel.settings import SettingsError, load
from mesh.edge.config import EdgeSettings
from mesh.edge.http_get import http_get
from mesh.edge.pages import Running, pages
from mesh.edge.process import Edge, stopped_at_the_end
from mesh.edge.tls import ensure_certificate
from mesh.platform import open_platform
from mesh.serving import serving
from mesh.settings import ProcessSettings, embedded_secret, only_one
from mesh.targets import TARGETS, Target

Say = Callable[[str], None]


async def run_embedded(environ: Mapping[str, str], stop: asyncio.Event, say: Say) -> None:
    """Run until `stop`, then drain. Raises SettingsError or EdgeFailedError with what to do about it."""
    process = load(ProcessSettings, environ)
    say(f"Chatly {version('chatly')}, data in {process.data_dir.resolve()}")
    with only_one(process.data_dir):
        edge = _edge_settings(environ, process)
        # The last to come, and the last to go: streams are told through it to reconnect.
        async with stopped_at_the_end(edge, process.data_dir / "edge") as envoy:
            mesh = _Embedded(process=process, edge=edge, envoy=envoy, environ=environ, say=say)
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
        async with open_platform(self.process, secret=secret, name="embedded") as platform:
            feed = JwksFeed(platform.service_channel("auth"))
            async with background({"jwks": feed.run}), AsyncExitStack() as stack:
                servers = [await self._start(target, stack, platform, feed) for target in TARGETS.values()]
                await stack.enter_async_context(_serve_pages(self.edge, servers))
                await self.envoy.start()
                await stack.enter_async_context(background({"edge": self.envoy.watch}))
                self.say(_ready_line(self.edge))
                await stop.wait()
                self.say("Draining: streams are told to reconnect, running calls are finished.")

    async def _start(self, target: Target, stack: AsyncExitStack, platform: Platform, feed: JwksFeed) -> RunningServer:
        server = await stack.enter_async_context(serving(target, self.environ, platform, feed))
        self.say(f"  {server.name:<10} {server.address}")
        return server


@asynccontextmanager
async def _serve_pages(edge: EdgeSettings, servers: Sequence[RunningServer]) -> AsyncIterator[None]:
    async def states() -> Sequence[Running]:
        answers = await asyncio.gather(*(http_get(server.host, server.http_port, "/healthz") for server in servers))
        return [
            Running(server.name, server.address, None if answer else "not serving")
            for server, answer in zip(servers, answers, strict=True)
        ]

    host, _, port = edge.web.rpartition(":")
    try:
        listener = socket.create_server((host, int(port)))
    except OSError as error:
        raise SettingsError(f"{edge.web} is in use: set CHATLY_WEB_ADDRESS to another host:port") from error
    application = pages(version=version("chatly"), services=states, web=edge.web_dir)
    with listener:
        async with serve_http(application, listener, grace_seconds=1):
            yield


def _edge_settings(environ: Mapping[str, str], process: ProcessSettings) -> EdgeSettings:
    edge = load(EdgeSettings, environ)
    if edge.tls_certificate:
        return edge
    certificate, key = ensure_certificate(process.data_dir / "secrets")
    return replace(edge, tls_certificate=str(certificate), tls_key=str(key))


def _ready_line(edge: EdgeSettings) -> str:
    host = "localhost" if edge.host in {"127.0.0.1", "0.0.0.0", "::"} else edge.host
    return f"Chatly is ready at http://{host}:{edge.port} and https://{host}:{edge.tls_port} (Ctrl-C stops it)"
