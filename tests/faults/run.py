"""One run: start the mesh, let clients chat, inject faults, read the final state, and check."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from tests.faults.checker.check import check
from tests.faults.checker.findings import Finding
from tests.faults.checker.losses import LOSSES, Loss, read_losses, without_lost, write_losses
from tests.faults.checker.promise import broken, unreported
from tests.faults.checker.recording import Kind, Recording, read_recordings
from tests.faults.checker.stored import read_stored
from tests.faults.checker.table import summary, table
from tests.faults.checker.timeline import Fault, by_kind, read_faults, rows, write_faults
from tests.faults.deployment.deployment import Deployment, running_deployment
from tests.faults.deployment.network import Network
from tests.faults.injection import carry_out
from tests.faults.schedule import SHORT, Step, long_schedule, short_schedule
from tests.faults.talk import talk

Schedule = Callable[..., Iterator[Step]]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """Duration and load of a run."""

    schedule: Schedule
    seconds: float
    """Seconds in which faults begin. A short schedule ends before, except on a slow machine."""
    faults: int | None = None
    """Maximum number of faults."""
    calm_seconds: float
    """Seconds between the end of a fault and the next."""
    every_seconds: float
    """Seconds between two actions of a device; there are nine devices."""


MODES: Mapping[str, Mode] = {
    "short": Mode(schedule=short_schedule, seconds=900, faults=SHORT, calm_seconds=2, every_seconds=0.4),
    "long": Mode(schedule=long_schedule, seconds=3600, calm_seconds=8, every_seconds=0.6),
}


def run(mode: Mode, seed: int, folder: Path, network: Network, say: Say) -> bool:
    """Return whether the promise was kept. All records are in `folder` afterwards."""
    folder.mkdir(parents=True)
    with running_deployment(network, folder, say) as deployment:
        talk(
            deployment,
            deployment.edges,
            folder,
            every_seconds=mode.every_seconds,
            seed=seed,
            meanwhile=lambda: _inject(mode, seed, deployment, folder, say),
        )
        say("all clients have stopped")
    return check_run(folder, say)


def check_run(folder: Path, say: Say) -> bool:
    """Print and store the table of a run from its folder."""
    recording, stored = read_recordings(folder / "recordings"), read_stored(folder / "stored.json")
    faults, losses = read_faults(folder / "faults.jsonl"), read_losses(folder / LOSSES)
    kept, missing = without_lost(recording, stored, losses)
    findings = broken(check(kept, stored), faults) + unreported(faults)
    lines = rows(recording, faults, findings, missing=[loss.at for loss, _ in missing])
    (folder / "findings.json").write_text(json.dumps([asdict(each) for each in findings], indent=1) + "\n")
    (folder / "table.json").write_text(json.dumps([asdict(each) for each in lines], indent=1) + "\n")
    kinds = by_kind(faults, lines)
    # An hour has too many faults to list them one by one.
    tables = [lines, kinds] if 2 * len(kinds) < len(lines) else [lines]
    text = "\n\n".join([*map(table, tables), _totals(recording, findings)])
    (folder / "table.md").write_text(text + "\n")
    say(text)
    stuck = [fault for fault in faults if fault.failed]
    for fault in stuck:
        say(f"{fault.name}: {fault.failed}")
    return not findings and not stuck


def _totals(recording: Recording, findings: list[Finding]) -> str:
    sent = sum(1 for _ in recording.of(Kind.SENT))
    heard = sum(1 for _ in recording.of(Kind.HEARD))
    return f"{sent} messages acknowledged, {heard} deliveries, {len(recording.listeners)} devices: {summary(findings)}"


def _inject(mode: Mode, seed: int, deployment: Deployment, folder: Path, say: Say) -> None:
    say("clients start to chat")
    steps = islice(mode.schedule(seed, sorted(deployment.parts), cuts=deployment.network.can_cut), mode.faults)
    done: list[Fault] = []
    losses: list[Loss] = []
    until = time.monotonic() + mode.seconds
    for fault, loss in carry_out(steps, deployment, until=until, calm_seconds=mode.calm_seconds, say=say):
        done.append(fault)
        # Written after each fault, so that an aborted run has a record.
        write_faults(done, folder / "faults.jsonl")
        if loss is not None:
            losses.append(loss)
            write_losses(losses, folder / LOSSES)
    say("no more faults: clients stop, and the final state is read (this takes minutes after an hour)")
