"""Carries out a schedule of faults and records their times."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from engines.node import EngineError
from tests.faults.checker.losses import Loss
from tests.faults.checker.timeline import LOG_LOSSES, Action, Fault
from tests.faults.deployment.deployment import Deployment
from tests.faults.deployment.log_loss import lose_log
from tests.faults.deployment.part import Part, on_each
from tests.faults.schedule import Jump, Step

_DO: dict[Action, Callable[[Part], None]] = {
    Action.KILL: Part.kill,
    Action.STOP: Part.freeze,
    Action.RESTART: Part.restart,
    Action.CUT: Part.cut,
    Action.POWER_CUT: Part.cut_power,
}
_UNDO: dict[Action, Callable[[Part], None]] = {
    Action.KILL: Part.start,
    Action.POWER_CUT: Part.start,
    Action.STOP: Part.thaw,
    Action.CUT: Part.restore,
}


def carry_out(
    steps: Iterator[Step], deployment: Deployment, *, until: float, calm_seconds: float, say: Callable[[str], None]
) -> Iterator[tuple[Fault, Loss | None]]:
    """Inject faults one after the other, each into a mesh that has recovered and was undisturbed for a while. A loss of
    the log has its description.

    Stop at this time of the monotonic clock, or when a part does not recover.
    """
    for step in steps:
        if time.monotonic() > until:
            return
        fault, loss = _inject(step, deployment)
        say(f"{fault.name} for {fault.ended - fault.began:.0f} s {fault.failed or fault.unreported}".rstrip())
        time.sleep(calm_seconds)
        yield fault, loss
        if fault.failed:
            return


def _inject(step: Step, deployment: Deployment) -> tuple[Fault, Loss | None]:
    parts = [deployment.parts[name] for name in step.parts]
    began = time.time()
    fault = Fault(action=step.action, parts=step.parts, began=began, ended=began, served=began)
    loss: Loss | None = None
    try:
        if step.action in LOG_LOSSES:
            loss = lose_log(deployment, step.action, hold_seconds=step.hold_seconds)
            fault = replace(fault, unreported="" if loss.reported else "no new epoch of the log")
        elif step.jump is not None:
            unreported = _with_clock(step.jump, parts, step.hold_seconds)
            fault = replace(fault, detail=str(step.jump), unreported=unreported)
        else:
            _do_and_undo(step, parts)
        fault = replace(fault, ended=time.time())
        on_each(Part.wait, parts)
        fault = replace(fault, served=time.time())
        deployment.wait_until_whole()
    except (EngineError, TimeoutError) as error:
        fault = replace(fault, served=time.time(), failed=str(error))
    return fault, loss


def _do_and_undo(step: Step, parts: Sequence[Part]) -> None:
    on_each(_DO[step.action], parts)
    if step.action in _UNDO:
        time.sleep(step.hold_seconds)
        on_each(_UNDO[step.action], parts)


def _with_clock(jump: Jump, parts: Sequence[Part], hold_seconds: float) -> str:
    """Return what the parts do not report about their clocks."""
    on_each(lambda part: part.shift_clock(jump.seconds), parts)
    if jump.restarted:
        on_each(Part.restart, parts)
    until = time.monotonic() + hold_seconds
    missing = [part.missing_clock_report(jump.seconds) for part in parts]
    time.sleep(max(0.0, until - time.monotonic()))
    on_each(lambda part: part.shift_clock(0), parts)
    if jump.restarted:
        on_each(Part.restart, parts)
    return "; ".join(filter(None, missing))
