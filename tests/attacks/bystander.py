"""A second user, who sends messages while the mesh is attacked."""

import asyncio
import time
from statistics import median
from uuid import uuid4

import grpc
from chatly.messaging.v1 import messaging_service_pb2 as pb
from chatly.messaging.v1.messaging_service_pb2_grpc import MessagingServiceStub

from tests.attacks.attack import Arena, Attack, Outcome
from tests.e2e.mesh import Mesh
from tests.e2e.people import Person, people

MAX_RATIO = 3.0
# The clients of an attack run on the same machine, so that very short times prove nothing.
FLOOR_SECONDS = 0.015
_CALM_SENDS = 50
_MIN_SENDS = 20
_PAUSE_SECONDS = 0.02


class Bystander:
    """Sends to a friend through the edge, one message after another."""

    def __init__(self, channel: grpc.aio.Channel, ann: Person, bob: Person) -> None:
        self._messaging = MessagingServiceStub(channel)
        self._ann = ann
        self._chat = ann.chat_with(bob)

    async def send(self) -> float:
        """Send a message and return the time until it was acknowledged, in seconds."""
        began = time.perf_counter()
        request = pb.SendMessageRequest(chat_id=self._chat, client_message_id=str(uuid4()), text="hello")
        await self._messaging.SendMessage(request, metadata=self._ann.metadata, timeout=30)
        return time.perf_counter() - began

    async def sends(self, count: int) -> list[float]:
        """Send so many messages with short pauses."""
        times = []
        for _ in range(count):
            times.append(await self.send())
            await asyncio.sleep(_PAUSE_SECONDS)
        return times


class Row:
    """The measured result of one attack."""

    def __init__(self, title: str, outcome: Outcome, calm: list[float], attacked: list[float]) -> None:
        self.title = title
        self.outcome = outcome
        self.calm = median(calm)
        self.attacked = median(attacked)

    @property
    def held(self) -> bool:
        """Whether the mesh defended itself, and others hardly noticed."""
        return self.outcome.held and self.attacked <= max(FLOOR_SECONDS, MAX_RATIO * self.calm)

    def __str__(self) -> str:
        times = f"p50 of others {self.calm * 1_000:.1f} → {self.attacked * 1_000:.1f} ms"
        return f"{'held  ' if self.held else 'BROKEN'}  {self.title}: {self.outcome.text}; {times}"


async def measure(attack: Attack, mesh: Mesh) -> Row:
    """Run an attack while a second user sends."""
    attacker, ann, bob = await people(mesh, "mallory", "ann", "bob")
    async with grpc.aio.insecure_channel(mesh.edge) as channel:
        bystander = Bystander(channel, ann, bob)
        await bystander.sends(_CALM_SENDS // 2)
        calm = await bystander.sends(_CALM_SENDS)
        attacking = asyncio.create_task(attack.run(Arena(mesh, attacker)))
        attacked: list[float] = []
        try:
            while not attacking.done() or len(attacked) < _MIN_SENDS:
                attacked += await bystander.sends(1)
        finally:
            attacking.cancel()
        return Row(attack.title, await attacking, calm, attacked)
