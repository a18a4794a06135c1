"""The smallest HTTP client: is that address answering, and what does it say."""

import asyncio
import ssl

from kernel.grpc.tls import MeshTls

_SECONDS = 2.0


async def http_get(host: str, port: int, path: str, *, tls: MeshTls | None = None, name: str = "") -> str | None:
    """The body of a GET that was answered with 200, as it was framed; None for anything else. See `http_answer`."""
    answer = await http_answer(host, port, path, tls=tls, name=name)
    return answer[1] if answer and answer[0] == 200 else None  # noqa: PLR2004 - HTTP's own number


async def http_answer(
    host: str, port: int, path: str, *, tls: MeshTls | None = None, name: str = ""
) -> tuple[int, str] | None:
    """Status and body of a GET; None where nobody answers. With `tls`: of the service `name`, or nobody's."""
    context = tls.current().as_client if tls else None
    try:
        async with asyncio.timeout(_SECONDS):
            return _parsed(await _get(host, port, path, context, name if context else None))
    except (OSError, TimeoutError):
        return None


async def _get(host: str, port: int, path: str, context: ssl.SSLContext | None, name: str | None) -> str:
    reader, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=name)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return (await reader.read()).decode(errors="replace")
    finally:
        writer.close()


def _parsed(answer: str) -> tuple[int, str] | None:
    head, _, body = answer.partition("\r\n\r\n")
    parts = head.split(maxsplit=2)
    return (int(parts[1]), body) if len(parts) > 1 and parts[1].isdecimal() else None
