"""A user who sends until sends are refused, and records both."""

import asyncio
from dataclasses import dataclass, field
from uuid import uuid4

import grpc
from chatly.messaging.v1 import messaging_service_pb2 as messaging
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from tests.e2e.people import Person
from tests.problems import rpc_reason

_AT_ONCE = 8
_ENOUGH = 20
_MOST = 100_000
_SECONDS = 20.0


@dataclass
class Writer:
    """Sends long messages to one chat, each once: an error is final."""

    stub: MessagingServiceStub
    person: Person
    chat_id: str
    acknowledged: dict[str, str] = field(default_factory=dict)
    """client_message_id → message_id."""
    refusals: list[tuple[str, str]] = field(default_factory=list)
    """Reason and message of each error."""

    text = "x" * 3_900

    @property
    def message_ids(self) -> set[str]:
        return {*self.acknowledged.values()}

    async def send(self, number: int) -> None:
        for start in range(0, number, _AT_ONCE):
            await asyncio.gather(*(self.gets_through() for _ in range(min(_AT_ONCE, number - start))))

    async def send_until_refused(self) -> None:
        """Several refusals in a row: room comes and goes while the store works."""
        for _ in range(_MOST // _AT_ONCE):
            if not any(await asyncio.gather(*(self.gets_through() for _ in range(_AT_ONCE)))):
                got_through = [await self.gets_through() for _ in range(_ENOUGH)]
                if not any(got_through):
                    return

    async def gets_through(self) -> bool:
        """Return whether one more message is acknowledged."""
        name = str(uuid4())
        request = messaging.SendMessageRequest(chat_id=self.chat_id, client_message_id=name, text=self.text)
        try:
            answer = await self.stub.SendMessage(request, metadata=self.person.metadata, timeout=_SECONDS)
        except grpc.aio.AioRpcError as error:
            self.refusals.append((rpc_reason(error), error.details() or ""))
            return False
        self.acknowledged[name] = answer.message.message_id
        return True
