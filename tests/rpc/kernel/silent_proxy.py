"""A TCP proxy that can stop forwarding without closing connections, like a machine that loses its network."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

HOST = "127.0.0.1"


class SilentProxy:
    def __init__(self, target: str, group: asyncio.TaskGroup) -> None:
        self._host, _, self._port = target.rpartition(":")
        self._group = group
        self._silent = False
        self.tasks: list[asyncio.Task[None]] = []
        self.address = ""

    def fall_silent(self) -> None:
        self._silent = True

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tasks.append(self._group.create_task(self._join(reader, writer)))

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(self._host, int(self._port))
        try:
            await asyncio.gather(self._carry(reader, there_writer), self._carry(there_reader, writer))
        except ConnectionError:
            return
        finally:
            writer.close()
            there_writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            if not self._silent:
                writer.write(data)


@asynccontextmanager
async def silent_proxy(target: str) -> AsyncIterator[SilentProxy]:
    """A proxy for the server at `host:port`."""
    async with asyncio.TaskGroup() as group:
        proxy = SilentProxy(target, group)
        server = await asyncio.start_server(proxy.accept, HOST, 0)
        proxy.address = f"{HOST}:{server.sockets[0].getsockname()[1]}"
        try:
            yield proxy
        finally:
            server.close()
            for task in proxy.tasks:
                task.cancel()
