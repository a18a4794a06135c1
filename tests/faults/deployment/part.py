"""One process of the mesh or of its engines, and the faults that it can have."""

import os
import signal
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from engines.node import Node, Running, start, stop, wait_until_ready
from kernel.clock_watch import MAX_OFFSET
from tests.faults.deployment.clock import ShiftedClock
from tests.faults.deployment.network import Network
from tests.powercut.disk import PowerCutDisk

_START_SECONDS = 120.0
_REPORT_SECONDS = 60.0
_CLOCK_TOLERANCE_SECONDS = 5.0


@dataclass(slots=True, kw_only=True)
class Part:
    """Named after its node: `messaging-1`, `kafka-2`, `edge-1`."""

    node: Node
    network: Network
    serves: Callable[[], bool]
    """Returns whether it reports that it serves."""
    clock: ShiftedClock | None = None
    """Its clock, if that can be shifted."""
    clock_offset: Callable[[], float | None] | None = None
    """Returns the offset of its clock as it reports it; None: it has not reported one, or cannot be reached."""
    disk: PowerCutDisk | None = None
    """Its disk, if that can lose power."""
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

    def cut_power(self) -> None:
        """Kill it, and return its disk to what was synced."""
        if self.disk is None:
            raise RuntimeError(f"the disk of {self.name} cannot lose power")
        self.kill()
        self.disk.cut()

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

    def shift_clock(self, seconds: float) -> None:
        if self.clock is None:
            raise RuntimeError(f"the clock of {self.name} cannot be shifted")
        self.clock.shift(seconds)

    def missing_clock_report(self, seconds: float) -> str:
        """Return what it does not report about a clock that is wrong by these seconds; empty for a part without such
        reports.
        """
        if self.clock_offset is None:
            return ""
        deadline = time.monotonic() + _REPORT_SECONDS
        found, serves = None, True
        while time.monotonic() < deadline:
            found, serves = self.clock_offset(), self.serves()
            is_right = found is not None and abs(found - seconds) < _CLOCK_TOLERANCE_SECONDS
            # At exactly the limit it may serve or not.
            if is_right and (not serves or abs(seconds) <= MAX_OFFSET.total_seconds()):
                return ""
            time.sleep(0.2)
        return f"{self.name} reports an offset of {found} s and {'serves' if serves else 'does not serve'}"

    def _process(self) -> Running:
        if self._running is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._running


def on_each(do: Callable[[Part], None], parts: Sequence[Part]) -> None:
    """Do it to all parts at the same time."""
    with ThreadPoolExecutor(len(parts)) as threads:
        list(threads.map(do, parts))
