"""Files of deleted messages have time to go, unless a lost log took the deletion."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import grpc
from chatly.media.v1 import media_service_pb2 as pb
from chatly.media.v1.media_service_pb2_grpc import MediaServiceServicer, add_MediaServiceServicer_to_server

from tests.faults.checker.recording import Entry, Kind, Recording
from tests.faults.checker.stored import Probe
from tests.faults.observe import probes
from tests.faults.people import Person, Population
from tests.faults.story import ANN, CHAT, message_id


@dataclass(eq=False)
class Files(MediaServiceServicer):
    """Each file can be read twice, then it is gone."""

    looks: Counter[str] = field(default_factory=Counter)

    async def Download(
        self, request: pb.DownloadRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[pb.DownloadResponse]:
        self.looks[request.media_id] += 1
        if self.looks[request.media_id] > 2:
            await context.abort(grpc.StatusCode.NOT_FOUND)
        yield pb.DownloadResponse(data=b"bytes")


@dataclass
class OneNode:
    address: str

    def grpc(self, service: str) -> Mapping[str, str]:
        assert service == "media"
        return {"media-1": self.address}


async def test_only_files_of_kept_deletions_have_time_to_go() -> None:
    files, server = Files(), grpc.aio.server()  # type: ignore[abstract]
    add_MediaServiceServicer_to_server(files, server)
    node = OneNode(f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}")
    await server.start()
    deletions = [
        Entry(at=1.0, kind=Kind.DELETED, device=ANN, user=ANN, chat=CHAT, message=message_id(number), media=(name,))
        for number, name in ((1, "kept"), (2, "taken"))
    ]
    ann = Person(name="ann", user=ANN, token="token")
    try:
        found = await probes(node, Population(people=[ann], chats={}), Recording(deletions), {message_id(1)})
    finally:
        await server.stop(None)

    assert found == [
        Probe(media="kept", message=message_id(1), node="media-1", reachable=False),
        Probe(media="taken", message=message_id(2), node="media-1", reachable=True),
    ]
    assert files.looks == {"kept": 3, "taken": 1}
