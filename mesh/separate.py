"""`chatly run` on distributed engines: one child process for each address of each service, behind Envoy."""

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
from mesh.addresses import NodeAddress, load_addresses, node_addresses
from mesh.edge.front import ListedNode, edge_settings, plaintext_warning, ready_line, serve_pages
from mesh.edge.process import Edge, stopped_at_the_end
from mesh.edge.settings import EdgeSettings
from mesh.node import Node, Say
from mesh.running import announced, held_ports
from mesh.services import SERVICES
from mesh.settings import ProcessSettings, embedded_secret, lock_data_dir

_POLL_SECONDS = 0.2
_REPORT_SECONDS = 5.0
_STOP_SECONDS = 5.0


async def run_separate(environ: Mapping[str, str], stop: asyncio.Event, say: Say) -> None:
    """Run the mesh until `stop`, then drain it. Raise SettingsError or EdgeFailedError, whose texts name the remedy."""
    process = load(ProcessSettings, environ)
    say(f"Chatly {version('chatly')} on distributed engines, logs in {(process.data_dir / 'logs').resolve()}")
    with (
        lock_data_dir(process.data_dir),
        held_ports(environ, free=False) as own_environ,
        announced(process.data_dir, own_environ),
    ):
        edge, tls = edge_settings(own_environ, process.data_dir), load_tls(own_environ)
        addresses = load_addresses(own_environ)
        async with stopped_at_the_end(edge, addresses, process.data_dir / "edge") as envoy:
            mesh = _Separate(
                edge=edge,
                envoy=envoy,
                nodes=_nodes(process, own_environ, tls, say),
                tls=tls,
                grace=load_server_settings("auth", port=0, environ=own_environ).grace_seconds,
                warning=plaintext_warning(own_environ),
                say=say,
            )
            await mesh.run(stop)
    say("Stopped.")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Separate:
    """The processes of the services, and the web client, behind Envoy."""

    edge: EdgeSettings
    envoy: Edge
    nodes: Sequence[Node]
    grace: float
    tls: MeshTls | None
    warning: str
    say: Say

    async def run(self, stop: asyncio.Event) -> None:
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._stop_nodes)
            await stack.enter_async_context(background({node.address.name: node.keep_running for node in self.nodes}))
            listed = [ListedNode(node.address.name, node.address.service, node.address.address) for node in self.nodes]
            await stack.enter_async_context(serve_pages(self.edge, listed, self.tls))
            await self._wait_for_nodes(stop)
            if stop.is_set():
                return
            await self.envoy.start()
            await stack.enter_async_context(background({"edge": self.envoy.watch}))
            self.say(ready_line(self.edge))
            if self.warning:
                self.say(self.warning)
            await stop.wait()
            self.say("Draining: streams are asked to reconnect, running calls are finished.")

    async def _wait_for_nodes(self, stop: asyncio.Event) -> None:
        """Return once every node serves, or at `stop`. Every 5 s, report the nodes that do not serve."""
        clock = asyncio.get_running_loop().time
        report_at = clock() + _REPORT_SECONDS
        while not stop.is_set() and (faults := await self._faults()):
            if clock() > report_at:
                report_at = clock() + _REPORT_SECONDS
                for fault in dict.fromkeys(faults.values()):
                    names = [name for name, each in faults.items() if each == fault]
                    self.say(f"  waiting for {', '.join(names)}: {fault}")
            await asyncio.sleep(_POLL_SECONDS)

    async def _faults(self) -> Mapping[str, str]:
        """Return the faults of the nodes that do not serve, by name of the node."""
        faults = await asyncio.gather(*(node.find_fault() for node in self.nodes))
        return {node.address.name: fault for node, fault in zip(self.nodes, faults, strict=True) if fault is not None}

    async def _stop_nodes(self) -> None:
        await asyncio.gather(*(node.stop(seconds=self.grace + _STOP_SECONDS) for node in self.nodes))


def _nodes(process: ProcessSettings, environ: Mapping[str, str], tls: MeshTls | None, say: Say) -> list[Node]:
    secret = embedded_secret(process).decode()
    logs = process.data_dir / "logs"
    logs.mkdir(parents=True, exist_ok=True)
    return [
        _node(address, environ, secret, logs, tls=tls, say=say)
        for service in SERVICES
        for address in node_addresses(service, environ)
    ]


def _node(
    address: NodeAddress, environ: Mapping[str, str], secret: str, logs: Path, *, tls: MeshTls | None, say: Say
) -> Node:
    prefix = f"CHATLY_{address.service.upper()}"
    own = {
        "CHATLY_SERVICE_SECRET": secret,
        f"{prefix}_GRPC_PORT": str(address.grpc_port),
        f"{prefix}_HTTP_PORT": str(address.http_port),
    }
    return Node(address=address, environ={**environ, **own}, log=logs / f"{address.name}.log", tls=tls, say=say)
