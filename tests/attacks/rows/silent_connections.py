"""More connections that say nothing than the edge accepts."""

import asyncio
import time

from tests.attacks.attack import Arena, Attack, Outcome

_LIMIT = 400
_IDLE_SECONDS = 4


async def _run(arena: Arena) -> Outcome:
    host, _, port = arena.mesh.edge.rpartition(":")
    _, tls_port = arena.mesh.tls.split(":")
    began = time.monotonic()
    ports = [int(port), int(tls_port)] * _LIMIT
    closed = await asyncio.gather(*(_until_closed(host, port) for port in ports))
    longest = max(closed) - began
    return Outcome(longest < 2.5 * _IDLE_SECONDS + 10, f"{len(ports)} connections, closed within {longest:.1f} s")


async def _until_closed(host: str, port: int) -> float:
    """Connect, say nothing, and return the time at which the edge has closed the connection."""
    try:
        async with asyncio.timeout(20):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                await reader.read()
            finally:
                writer.transport.abort()
    except OSError:
        pass
    return time.monotonic()


ATTACK = Attack(
    "silent connections",
    _run,
    {"CHATLY_EDGE_MAX_CONNECTIONS": str(_LIMIT), "CHATLY_EDGE_IDLE_SECONDS": str(_IDLE_SECONDS)},
)
