"""One run: start the world, let people talk, hurt it, ask what is left, and judge."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

from tests.faults.checker.check import check
from tests.faults.checker.findings import Finding
from tests.faults.checker.journal import Journal, Kind, read_journals
from tests.faults.checker.promise import broken
from tests.faults.checker.stored import read_stored
from tests.faults.checker.table import summary, table
from tests.faults.checker.timeline import Fault, by_kind, read_faults, rows, write_faults
from tests.faults.hurting import carry_out
from tests.faults.schedule import SHORT, Step, long_schedule, short_schedule
from tests.faults.talk import talk
from tests.faults.world.network import Network
from tests.faults.world.world import World, running_world

Schedule = Callable[..., Iterator[Step]]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """How long and how hard."""

    schedule: Schedule
    seconds: float
    """In which faults begin."""
    faults: int | None = None
    """How many at most."""
    calm_seconds: float
    """Between a fault that is over and the next."""
    every_seconds: float
    """Between two actions of a device; there are nine."""


MODES: Mapping[str, Mode] = {
    "short": Mode(schedule=short_schedule, seconds=240, faults=SHORT, calm_seconds=2, every_seconds=0.4),
    "long": Mode(schedule=long_schedule, seconds=3600, calm_seconds=8, every_seconds=0.6),
}


def run(mode: Mode, seed: int, folder: Path, network: Network, say: Say) -> bool:
    """Whether the promise was kept. What happened is in `folder` afterwards."""
    folder.mkdir(parents=True)
    with running_world(network, folder, say) as world:
        talk(
            world,
            world.edges,
            folder,
            every_seconds=mode.every_seconds,
            seed=seed,
            meanwhile=lambda: _hurt(mode, seed, world, folder, say),
        )
        say("all is told")
    return judge(folder, say)


def judge(folder: Path, say: Say) -> bool:
    """From what a run left behind: print its table, and keep it beside."""
    journal, stored = read_journals(folder / "journals"), read_stored(folder / "stored.json")
    faults = read_faults(folder / "faults.jsonl")
    findings = check(journal, stored)
    lines = rows(journal, faults, findings)
    (folder / "findings.json").write_text(json.dumps([asdict(each) for each in findings], indent=1) + "\n")
    (folder / "table.json").write_text(json.dumps([asdict(each) for each in lines], indent=1) + "\n")
    kinds = by_kind(faults, lines)
    # An hour's faults are too many to be read one by one.
    tables = [lines, kinds] if 2 * len(kinds) < len(lines) else [lines]
    text = "\n\n".join([*map(table, tables), _totals(journal, findings)])
    (folder / "table.md").write_text(text + "\n")
    say(text)
    stuck = [fault for fault in faults if fault.failed]
    for fault in stuck:
        say(f"{fault.name}: {fault.failed}")
    return not broken(findings, faults) and not stuck


def _totals(journal: Journal, findings: list[Finding]) -> str:
    sent = sum(1 for _ in journal.of(Kind.SENT))
    heard = sum(1 for _ in journal.of(Kind.HEARD))
    return f"{sent} messages acknowledged, {heard} deliveries, {len(journal.listeners)} devices: {summary(findings)}"


def _hurt(mode: Mode, seed: int, world: World, folder: Path, say: Say) -> None:
    say("people talk")
    steps = islice(mode.schedule(seed, sorted(world.parts), cuts=world.network.can_cut), mode.faults)
    done: list[Fault] = []
    until = time.monotonic() + mode.seconds
    for fault in carry_out(steps, world, until=until, calm_seconds=mode.calm_seconds, say=say):
        done.append(fault)
        # After each: of a run that is broken off, what was done is known.
        write_faults(done, folder / "faults.jsonl")
    say("no more faults: people fall silent, and what they saw is read (minutes, after an hour of talk)")
