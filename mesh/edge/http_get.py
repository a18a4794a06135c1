"""The smallest HTTP client: is that address answering, and what does it say."""

import asyncio

_SECONDS = 2.0


async def http_get(host: str, port: int, path: str) -> str | None:
    """The body of a plain GET that was answered with 200, as it was framed; None for anything else."""
    answer = await http_answer(host, port, path)
    return answer[1] if answer and answer[0] == 200 else None  # noqa: PLR2004 - HTTP's own number


async def http_answer(host: str, port: int, path: str) -> tuple[int, str] | None:
    """Status and body of a plain GET; None where nobody answers."""
    try:
        async with asyncio.timeout(_SECONDS):
            return _parsed(await _get(host, port, path))
    except (OSError, TimeoutError):
        return None


async def _get(host: str, port: int, path: str) -> str:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return (await reader.read()).decode(errors="replace")
    finally:
        writer.close()


def _parsed(answer: str) -> tuple[int, str] | None:
    head, _, body = answer.partition("\r\n\r\n")
    parts = head.split(maxsplit=2)
    return (int(parts[1]), body) if len(parts) > 1 and parts[1].isdecimal() else None
