"""A TCP proxy whose connections can be cut."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Line:
    """Forwards connections to one address. After `cut` new connections work at once."""

    def __init__(self, target: str) -> None:
        self.address = ""
        self._target = target.rpartition(":")
        self._ends: set[StreamWriter] = set()

    def cut(self) -> int:
        """Abort every connection without a FIN; return their number."""
        ends = list(self._ends)
        for end in ends:
            end.transport.abort()
        return len(ends) // 2

    async def carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Serve one connection."""
        host, _, port = self._target
        try:
            far_reader, far_writer = await asyncio.open_connection(host, int(port))
        except OSError:
            # The target is unreachable, so the connection is aborted.
            writer.transport.abort()
            return
        self._ends |= {writer, far_writer}
        try:
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
        finally:
            self._ends -= {writer, far_writer}


async def _pump(source: StreamReader, sink: StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await source.read(1 << 16):
            sink.write(data)
            await sink.drain()
    sink.close()


@asynccontextmanager
async def line_to(target: str) -> AsyncIterator[Line]:
    """Open a proxy to `host:port`; it listens on `line.address`."""
    line = Line(target)
    server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    line.address = f"{host}:{port}"
    try:
        yield line
    finally:
        server.close()
        line.cut()
