"""gRPC calls without a message or with half of one, without a token, at the edge and at every service."""

import asyncio
from itertools import product

from tests.attacks.attack import Arena, Attack, Outcome
from tests.rpc.kernel import frames

_SECONDS = 5.0
_PATHS = {
    "edge": "/chatly.auth.v1.AuthService/Login",
    "auth": "/chatly.auth.v1.AuthService/Login",
    "messaging": "/chatly.messaging.v1.MessagingService/Subscribe",
    "presence": "/chatly.presence.v1.PresenceService/GetPresence",
    "media": "/chatly.media.v1.MediaService/Download",
    "persister": "/grpc.health.v1.Health/Check",
}
_BODIES = {
    "no message": b"",
    "half a message": frames.message(1, b"half", length=100),
    "half a prefix": frames.frame(frames.DATA, frames.END_STREAM, 1, b"\0\0"),
}


async def _run(arena: Arena) -> Outcome:
    calls = [(service, body) for service, body in product(_PATHS, _BODIES)]
    answered = await asyncio.gather(*(_call(arena, *call) for call in calls))
    open_calls = [f"{body} to {service}" for (service, body), done in zip(calls, answered, strict=True) if not done]
    return Outcome(not open_calls, f"not answered: {', '.join(open_calls)}" if open_calls else "all answered at once")


async def _call(arena: Arena, service: str, body: str) -> bool:
    """Return whether the call was answered."""
    address = arena.mesh.edge if service == "edge" else arena.mesh.grpc[service]
    data = _BODIES[body]
    try:
        async with asyncio.timeout(_SECONDS), frames.raw_client(int(address.rpartition(":")[2])) as client:
            await client.send(frames.request(1, path=_PATHS[service], ended=not data) + data)
            return "closed" not in await client.answer(1)
    except TimeoutError:
        return False


ATTACK = Attack("gRPC calls without a complete message", _run)
