"""`chatly run` on distributed engines: a process for each address of each service, minded by one, behind Envoy."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from kernel.grpc.settings import load_server_settings
from kernel.grpc.tls import MeshTls, load_tls
from kernel.runner import background
from kernel.settings import load
from mesh.edge.front import edge_settings, ready_line, serve_pages
from mesh.edge.process import Edge, stopped_at_the_end
from mesh.edge.settings import EdgeSettings
from mesh.node import Node, Say
from mesh.places import Place, places
from mesh.settings import ProcessSettings, embedded_secret, only_one
from mesh.targets import TARGETS

_LOOK_SECONDS = 0.2
_SAY_SECONDS = 5.0
_STOP_SECONDS = 5.0


async def run_separate(environ: Mapping[str, str], stop: asyncio.Event, say: Say) -> None:
    """Run until `stop`, then drain. Raise SettingsError or EdgeFailedError with what to do about it."""
    process = load(ProcessSettings, environ)
    say(f"Chatly {version('chatly')} on distributed engines, logs in {(process.data_dir / 'logs').resolve()}")
    with only_one(process.data_dir):
        edge, tls = edge_settings(environ, process.data_dir), load_tls(environ)
        async with stopped_at_the_end(edge, process.data_dir / "edge") as envoy:
            mesh = _Separate(
                edge=edge,
                envoy=envoy,
                nodes=_nodes(process, environ, tls, say),
                tls=tls,
                grace=load_server_settings("auth", port=0, environ=environ).grace_seconds,
                say=say,
            )
            await mesh.run(stop)
    say("Stopped.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Separate:
    """The processes of the five services, and the web client, behind Envoy."""

    edge: EdgeSettings
    envoy: Edge
    nodes: Sequence[Node]
    grace: float
    tls: MeshTls | None
    say: Say

    async def run(self, stop: asyncio.Event) -> None:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._stop_nodes)
            await stack.enter_async_context(background({node.place.name: node.keep for node in self.nodes}))
            await stack.enter_async_context(serve_pages(self.edge, [node.place for node in self.nodes], self.tls))
            await self._until_they_serve(stop)
            if stop.is_set():
                return
            await self.envoy.start()
            await stack.enter_async_context(background({"edge": self.envoy.watch}))
            self.say(ready_line(self.edge))
            await stop.wait()
            self.say("Draining: streams are told to reconnect, running calls are finished.")

    async def _until_they_serve(self, stop: asyncio.Event) -> None:
        """Or until `stop`. Says now and then what is missing."""
        clock = asyncio.get_running_loop().time
        say_at = clock() + _SAY_SECONDS
        while not stop.is_set() and (missing := await self._missing()):
            if clock() > say_at:
                say_at = clock() + _SAY_SECONDS
                for complaint in dict.fromkeys(missing.values()):
                    names = [name for name, why in missing.items() if why == complaint]
                    self.say(f"  waiting for {', '.join(names)}: {complaint}")
            await asyncio.sleep(_LOOK_SECONDS)

    async def _missing(self) -> Mapping[str, str]:
        """What keeps which process from serving."""
        answers = await asyncio.gather(*(node.complaint() for node in self.nodes))
        return {node.place.name: why for node, why in zip(self.nodes, answers, strict=True) if why is not None}

    async def _stop_nodes(self) -> None:
        await asyncio.gather(*(node.stop(seconds=self.grace + _STOP_SECONDS) for node in self.nodes))


def _nodes(process: ProcessSettings, environ: Mapping[str, str], tls: MeshTls | None, say: Say) -> list[Node]:
    secret = embedded_secret(process).decode()
    logs = process.data_dir / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    return [
        _node(place, environ, secret, logs, tls=tls, say=say)
        for service in TARGETS
        for place in places(service, environ)
    ]


def _node(place: Place, environ: Mapping[str, str], secret: str, logs: Path, *, tls: MeshTls | None, say: Say) -> Node:
    prefix = f"CHATLY_{place.service.upper()}"
    ours = {
        "CHATLY_SERVICE_SECRET": secret,
        f"{prefix}_GRPC_PORT": str(place.grpc_port),
        f"{prefix}_HTTP_PORT": str(place.http_port),
    }
    return Node(place=place, environ={**environ, **ours}, log=logs / f"{place.name}.log", tls=tls, say=say)
