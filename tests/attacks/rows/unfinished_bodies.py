"""Many calls whose bodies do not end: they must neither fill the edge's memory nor stay open."""

import asyncio
import time

import httpx

from tests.attacks.attack import Arena, Attack, Outcome

_CALLS = 60
_BYTES = {
    "POST /api/auth/login": 1_000_000,
    "POST /api/groups": 1_000_000,
    "PUT /api/upload/7b5e2b1c-e71f-41f1-b5dd-c9ab987d1194": 1_500_000,
}
_CALL_SECONDS = 6
_HEAP_BYTES = 192 * 1024 * 1024
_HEAD = (
    "{target} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n"
    "content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
)


async def _run(arena: Arena) -> Outcome:
    began = time.monotonic()
    calls = asyncio.gather(*(_call(arena, target) for target in _BYTES for _ in range(_CALLS)))
    peak = 0
    while not calls.done():
        peak = max(peak, await _allocated(arena))
        await asyncio.sleep(0.1)
    answers, seconds = await calls, time.monotonic() - began
    text = f"{peak >> 20} MiB of {_HEAP_BYTES >> 20} MiB used at most, answered with {', '.join(sorted(set(answers)))}"
    return Outcome(peak < _HEAP_BYTES and "nothing" not in answers, f"{text} within {seconds:.1f} s")


async def _call(arena: Arena, target: str) -> str:
    """Send all of a body but its last byte. Return the status of the answer, `closed` or `nothing`."""
    host, _, port = arena.mesh.edge.rpartition(":")
    size = _BYTES[target]
    head = _HEAD.format(target=target, host=arena.mesh.edge, token=arena.attacker.token, length=size + 1)
    try:
        async with asyncio.timeout(_CALL_SECONDS + 8):
            reader, writer = await asyncio.open_connection(host, int(port))
            try:
                writer.write(head.encode() + b" " * size)
                return (await reader.readline()).decode()[9:12] or "closed"
            finally:
                writer.transport.abort()
    except TimeoutError:
        return "nothing"
    except OSError:
        return "closed"


async def _allocated(arena: Arena) -> int:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{arena.mesh.admin_url}/memory")
    return int(answer.json()["allocated"])


ATTACK = Attack(
    f"{len(_BYTES) * _CALLS} bodies that do not end",
    _run,
    {"CHATLY_EDGE_CALL_SECONDS": str(_CALL_SECONDS), "CHATLY_EDGE_HEAP_BYTES": str(_HEAP_BYTES)},
)
