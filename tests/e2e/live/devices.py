"""Devices connected to presence, and the states that they receive."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
from chatly.presence.v1 import presence_service_pb2 as presence
from chatly.presence.v1.presence_service_pb2_grpc import PresenceServiceStub

from tests.e2e.people import Person

ONLINE, OFFLINE = presence.AVAILABILITY_ONLINE, presence.AVAILABILITY_OFFLINE


class Device:
    """An open Connect stream, and the newest state of each user on it."""

    def __init__(self, call: Any) -> None:  # noqa: ANN401 - grpc.aio's calls have no usable type
        self._responses = aiter(call)
        self._known: dict[str, presence.Presence] = {}

    async def until(self, other: Person, availability: int) -> presence.Presence:
        """Wait until this person has this availability, and return the state."""
        async with asyncio.timeout(15):
            while True:
                state = self._known.get(other.user_id)
                if state is not None and state.availability == availability:
                    return state
                response = await anext(self._responses)
                self._known |= {state.user_id: state for state in response.presences}


@asynccontextmanager
async def connected(channel: grpc.aio.Channel, person: Person, device: str = "here") -> AsyncIterator[Device]:
    call = PresenceServiceStub(channel).Connect(presence.ConnectRequest(device_id=device), metadata=person.metadata)
    try:
        yield Device(call)
    finally:
        call.cancel()


async def state_of(channel: grpc.aio.Channel, other: Person, viewer: Person) -> presence.Presence:
    request = presence.GetPresenceRequest(user_ids=[other.user_id])
    response = await PresenceServiceStub(channel).GetPresence(request, metadata=viewer.metadata)
    return response.presences[0]
