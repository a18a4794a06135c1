"""Carries out a schedule of faults and records their times."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from engines.node import EngineError
from tests.faults.checker.timeline import Action, Fault
from tests.faults.deployment.deployment import Deployment
from tests.faults.deployment.part import Part
from tests.faults.schedule import Step

_DO: dict[Action, Callable[[Part], None]] = {
    Action.KILL: Part.kill,
    Action.STOP: Part.freeze,
    Action.RESTART: Part.restart,
    Action.CUT: Part.cut,
}
_UNDO: dict[Action, Callable[[Part], None]] = {
    Action.KILL: Part.start,
    Action.STOP: Part.thaw,
    Action.CUT: Part.restore,
}


def carry_out(
    steps: Iterator[Step], deployment: Deployment, *, until: float, calm_seconds: float, say: Callable[[str], None]
) -> Iterator[Fault]:
    """Inject faults one after the other, each into a mesh that has recovered and was undisturbed for a while.

    Stop at this time of the monotonic clock, or when a part does not recover.
    """
    for step in steps:
        if time.monotonic() > until:
            return
        fault = _inject(step, deployment)
        say(f"{fault.name} for {fault.ended - fault.began:.0f} s {fault.failed}".rstrip())
        time.sleep(calm_seconds)
        yield fault
        if fault.failed:
            return


def _inject(step: Step, deployment: Deployment) -> Fault:
    parts, failed = [deployment.parts[name] for name in step.parts], ""
    with ThreadPoolExecutor(len(parts)) as threads:
        began = time.time()
        list(threads.map(_DO[step.action], parts))
        if step.action in _UNDO:
            time.sleep(step.hold_seconds)
            list(threads.map(_UNDO[step.action], parts))
        ended = time.time()
        try:
            list(threads.map(Part.wait, parts))
            served = time.time()
            deployment.wait_until_whole()
        except (EngineError, TimeoutError) as error:
            served, failed = time.time(), str(error)
    return Fault(action=step.action, parts=step.parts, began=began, ended=ended, served=served, failed=failed)
