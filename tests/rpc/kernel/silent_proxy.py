"""A way to a server that can fall silent: connections stay, and carry nothing any more, as when a machine is cut off."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

HOST = "127.0.0.1"


class SilentProxy:
    def __init__(self, target: str) -> None:
        self._host, _, self._port = target.rpartition(":")
        self._silent = False
        self._tasks: set[asyncio.Task[None]] = set()
        self.address = ""

    def fall_silent(self) -> None:
        self._silent = True

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(self._host, int(self._port))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._carry(reader, there_writer))
                group.create_task(self._carry(there_reader, writer))
        finally:
            writer.close()
            there_writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if not self._silent:
                writer.write(data)


@asynccontextmanager
async def silent_proxy(target: str) -> AsyncIterator[SilentProxy]:
    """Before the server at `host:port`."""
    proxy = SilentProxy(target)
    server = await asyncio.start_server(proxy.accept, HOST, 0)
    proxy.address = f"{HOST}:{server.sockets[0].getsockname()[1]}"
    try:
        yield proxy
    finally:
        server.close()
