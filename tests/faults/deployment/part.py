"""One process of the mesh or of its engines, and the faults that it can have."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from engines.node import Node, Running, start, stop, wait_until_ready
from tests.faults.deployment.network import Network

_START_SECONDS = 120.0


@dataclass(slots=True, kw_only=True)
class Part:
    """Named after its node: `messaging-1`, `kafka-2`, `edge-1`."""

    node: Node
    network: Network
    serves: Callable[[], bool]
    """Returns whether it reports that it serves."""
    _running: Running | None = field(default=None, init=False)

    @property
    def name(self) -> str:
        return self.node.name

    def start(self) -> None:
        self._running = start(self.node)

    def wait(self, seconds: float = _START_SECONDS) -> None:
        """Wait until it serves. Raise EngineError if it exits instead, TimeoutError if it takes longer."""
        deadline = time.monotonic() + seconds
        wait_until_ready(self.node, self._process(), seconds=seconds)
        while not self.serves():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.name} does not serve after {seconds:.0f} s; see {self.node.log}")
            time.sleep(0.1)

    def kill(self) -> None:
        stop(self._process(), kill=True)

    def restart(self) -> None:
        stop(self._process())
        self.start()

    def freeze(self) -> None:
        os.kill(self._process().pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self._process().pid, signal.SIGCONT)

    def cut(self) -> None:
        self.network.cut(self.name)

    def restore(self) -> None:
        self.network.restore(self.name)

    def _process(self) -> Running:
        if self._running is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._running
