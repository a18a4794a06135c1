"""The smallest HTTP client: is that address answering, and what does it say."""

import asyncio

_SECONDS = 2.0


async def http_get(host: str, port: int, path: str) -> str | None:
    """The body of a plain GET that was answered with 200, as it was framed; None for anything else."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await _get(host, port, path)
    except (OSError, TimeoutError):
        return None


async def _get(host: str, port: int, path: str) -> str | None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = (await reader.read()).decode(errors="replace")
    finally:
        writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    return body if " 200 " in head.partition("\r\n")[0] else None
