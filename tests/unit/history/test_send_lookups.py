"""Concurrent lookups of sends share a request, and a cancelled one does not disturb the others."""

import asyncio
from collections.abc import Hashable, Sequence
from typing import Any
from uuid import UUID, uuid1

from history.cassandra.reader import SendLookups
from kernel.cassandra.callbacks import Row
from kernel.cassandra.session import CassandraSession, Params
from kernel.errors import ChatlyError, KernelReason, unavailable
from kernel.ids import UserId
from tests.builders import an_id

ANN = UserId("ann")


class Sends(CassandraSession):
    """The table of sends; answers once `answering` is set."""

    def __init__(self) -> None:
        self.made: dict[UUID, UUID] = {}
        self.asked = 0
        self.answering = asyncio.Event()
        self.unavailable = False

    def replicas_of(self, key: Sequence[str | int]) -> Hashable:
        return None

    async def execute(self, cql: str, params: Params = (), *, page_size: int = 5_000) -> list[Row]:
        self.asked += 1
        await self.answering.wait()
        if self.unavailable:
            raise unavailable(KernelReason.STORE_UNAVAILABLE, "away")
        values: list[Any] = list(params)
        return [
            {"sender_id": ANN, "client_message_id": name, "chat_id": "chat", "message_id": self.made[name]}
            for name in values[2]
            if name in self.made
        ]


async def test_a_single_send_is_looked_up_at_once() -> None:
    session = Sends()
    name, message_id = UUID(an_id()), uuid1()
    session.made[name] = message_id
    session.answering.set()
    lookups = SendLookups(session)

    assert await lookups.find((ANN, name)) == ("chat", message_id)
    assert await lookups.find((ANN, UUID(an_id()))) is None


async def test_many_at_once_share_requests() -> None:
    session = Sends()
    names = [UUID(an_id()) for _ in range(60)]
    session.made = {name: uuid1() for name in names[::2]}
    lookups = SendLookups(session)
    asking = [asyncio.create_task(lookups.find((ANN, name))) for name in names]
    await asyncio.sleep(0)
    session.answering.set()

    places = await asyncio.gather(*asking)

    assert [place and place[1] for place in places] == [session.made.get(name) for name in names]
    assert session.asked < 10


async def test_a_cancelled_lookup_does_not_disturb_the_others() -> None:
    session = Sends()
    names = [UUID(an_id()) for _ in range(10)]
    session.made = {name: uuid1() for name in names}
    lookups = SendLookups(session)
    asking = [asyncio.create_task(lookups.find((ANN, name))) for name in names]
    await asyncio.sleep(0)
    asking[0].cancel()
    session.answering.set()

    places = await asyncio.gather(*asking[1:])

    assert [place and place[1] for place in places] == [session.made[name] for name in names[1:]]


async def test_a_store_failure_reaches_all_callers_and_later_lookups_try_again() -> None:
    session = Sends()
    session.unavailable = True
    session.answering.set()
    lookups = SendLookups(session)

    answers = await asyncio.gather(*(lookups.find((ANN, UUID(an_id()))) for _ in range(9)), return_exceptions=True)
    session.unavailable = False

    assert all(isinstance(answer, ChatlyError) for answer in answers)
    assert await lookups.find((ANN, UUID(an_id()))) is None
