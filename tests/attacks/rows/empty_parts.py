"""Uploads whose form has empty fields without end."""

import asyncio

from tests.attacks.attack import Arena, Attack, Outcome

_UPLOADS = 3
_SECONDS = 8.0
_CHUNK = b"\r\n--b\r\n\r\n" * 7_000
_HEAD = (
    "POST /api/upload/message HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n"
    "content-type: multipart/form-data; boundary=b\r\ntransfer-encoding: chunked\r\n\r\n"
)


async def _run(arena: Arena) -> Outcome:
    answers = await asyncio.gather(*(_upload(arena) for _ in range(_UPLOADS)))
    return Outcome(set(answers) == {"400"}, f"{_UPLOADS} uploads answered with {', '.join(sorted(set(answers)))}")


async def _upload(arena: Arena) -> str:
    """Send until the edge answers. Return the status, or `nothing` if there was none in time."""
    host, _, port = arena.mesh.edge.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(_HEAD.format(host=arena.mesh.edge, token=arena.attacker.token).encode())
    writer.write(b"5\r\n--b\r\n\r\n")
    sending = asyncio.create_task(_send(writer))
    try:
        async with asyncio.timeout(_SECONDS):
            return (await reader.readline()).decode().split()[1]
    except TimeoutError:
        return "nothing"
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        writer.transport.abort()


async def _send(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(f"{len(_CHUNK):x}\r\n".encode() + _CHUNK + b"\r\n")
        await writer.drain()


ATTACK = Attack("endless empty fields in 3 uploads", _run)
