"""`chatly seed-demo`: finds the running mesh and fills it."""

from collections.abc import Callable, Mapping

import grpc

from kernel.grpc.client import open_channel
from kernel.grpc.tls import load_tls
from kernel.settings import load
from mesh.demo.script import PASSWORD
from mesh.demo.seed import Channels, seed
from mesh.platform import grpc_target
from mesh.settings import ProcessSettings


async def seed_demo(environ: Mapping[str, str], say: Callable[[str], None]) -> int:
    """Exit code: 0 filled, 1 the mesh cannot be reached or refused something (which is said)."""
    process, tls = load(ProcessSettings, environ), load_tls(environ)

    def channel(service: str) -> grpc.aio.Channel:
        return open_channel(grpc_target(process.address(service)), forward="none", tls=tls, peer=service)

    async with channel("auth") as auth, channel("messaging") as messaging, channel("media") as media:
        try:
            await seed(Channels(auth, messaging, media), say)
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNAVAILABLE:
                say(f"No mesh answers at {process.auth}: start one with `make run`, then try again.")
            else:
                say(f"The mesh refused: {error.details()}")
            return 1
    say(f"Done. Log in as any of them; everybody's password is {PASSWORD!r}.")
    return 0
