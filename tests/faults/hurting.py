"""Carries out a schedule, and writes down what was done and when."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from engines.node import EngineError
from tests.faults.checker.timeline import Fault, Hurt
from tests.faults.schedule import Step
from tests.faults.world.part import Part
from tests.faults.world.world import World

_DO: dict[Hurt, Callable[[Part], None]] = {
    Hurt.KILL: Part.kill,
    Hurt.STOP: Part.freeze,
    Hurt.RESTART: Part.restart,
    Hurt.CUT: Part.cut,
}
_UNDO: dict[Hurt, Callable[[Part], None]] = {
    Hurt.KILL: Part.start,
    Hurt.STOP: Part.thaw,
    Hurt.CUT: Part.mend,
}


def carry_out(
    steps: Iterator[Step], world: World, *, until: float, calm_seconds: float, say: Callable[[str], None]
) -> Iterator[Fault]:
    """One after the other, each in a mesh that is whole again and was left in peace for a while.

    Until that moment of the monotonic clock; and no further where a part does not come back.
    """
    for step in steps:
        if time.monotonic() > until:
            return
        fault = _hurt(step, world)
        say(f"{fault.name} for {fault.ended - fault.began:.0f} s {fault.failed}".rstrip())
        time.sleep(calm_seconds)
        yield fault
        if fault.failed:
            return


def _hurt(step: Step, world: World) -> Fault:
    parts, failed = [world.parts[name] for name in step.parts], ""
    with ThreadPoolExecutor(len(parts)) as threads:
        began = time.time()
        list(threads.map(_DO[step.hurt], parts))
        if step.hurt in _UNDO:
            time.sleep(step.hold_seconds)
            list(threads.map(_UNDO[step.hurt], parts))
        ended = time.time()
        try:
            list(threads.map(Part.wait, parts))
            served = time.time()
            world.wait_until_whole()
        except (EngineError, TimeoutError) as error:
            served, failed = time.time(), str(error)
    return Fault(hurt=step.hurt, parts=step.parts, began=began, ended=ended, served=served, failed=failed)
