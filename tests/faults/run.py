"""One run: start the world, let people talk, hurt it, ask what is left, and judge."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from tests.faults import observe
from tests.faults.checker.check import check
from tests.faults.checker.checks.delivery import lost
from tests.faults.checker.findings import Finding
from tests.faults.checker.journal import Journal, Kind, read_journals
from tests.faults.checker.stored import Stored, read_stored, write_stored
from tests.faults.checker.table import summary, table
from tests.faults.checker.timeline import Fault, read_faults, rows, write_faults
from tests.faults.hurting import carry_out
from tests.faults.people import Town, settle
from tests.faults.programs import Program, running_programs
from tests.faults.schedule import Step, long_schedule, short_schedule
from tests.faults.world.network import Network
from tests.faults.world.world import World, running_world

_LIVE_SECONDS = 60.0
_QUIET_SECONDS = 60.0
_LOOK_SECONDS = 0.5
Schedule = Callable[..., Iterator[Step]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """How long and how hard."""

    schedule: Schedule
    seconds: float
    """In which faults begin."""
    calm_seconds: float
    """Between a fault that is over and the next."""
    every_seconds: float
    """Between two actions of a device; there are nine."""


MODES: Mapping[str, Mode] = {
    "short": Mode(schedule=short_schedule, seconds=130, calm_seconds=2, every_seconds=0.4),
    "long": Mode(schedule=long_schedule, seconds=3600, calm_seconds=8, every_seconds=0.6),
}


def run(mode: Mode, seed: int, folder: Path, network: Network, say: Callable[[str], None]) -> bool:
    """Whether the promise was kept. What happened is in `folder` afterwards."""
    journals = folder / "journals"
    journals.mkdir(parents=True)
    with running_world(network, folder, say) as world:
        town = asyncio.run(settle(world.edges[0]))
        plans = town.plans(journals, world.edges, every_seconds=mode.every_seconds, seed=seed)
        with running_programs(plans) as programs:
            devices = sum(len(plan.devices) for plan in plans.values())
            _wait(lambda: len(read_journals(journals).listeners) == devices, programs, _LIVE_SECONDS, "all listen")
            say(f"{devices} devices talk")
            _hurt(mode, seed, world, folder, say)
            for program in programs.values():
                program.hush()
            _wait_for_silence(journals, town, programs, devices)
            write_stored(asyncio.run(_ask(world, town, journals, programs)), folder / "stored.json")
    return judge(folder, say)


def judge(folder: Path, say: Callable[[str], None]) -> bool:
    """From what a run left behind: print its table, and keep it beside."""
    journal, stored = read_journals(folder / "journals"), read_stored(folder / "stored.json")
    faults = read_faults(folder / "faults.jsonl")
    findings = check(journal, stored)
    lines = rows(journal, faults, findings)
    (folder / "findings.json").write_text(json.dumps([asdict(each) for each in findings], indent=1) + "\n")
    (folder / "table.json").write_text(json.dumps([asdict(each) for each in lines], indent=1) + "\n")
    text = f"{table(lines)}\n\n{_totals(journal, findings)}"
    (folder / "table.md").write_text(text + "\n")
    say(text)
    broken = [fault for fault in faults if fault.failed]
    for fault in broken:
        say(f"{fault.name}: {fault.failed}")
    return not findings and not broken


def _totals(journal: Journal, findings: list[Finding]) -> str:
    sent = sum(1 for _ in journal.of(Kind.SENT))
    heard = sum(1 for _ in journal.of(Kind.HEARD))
    return f"{sent} messages acknowledged, {heard} deliveries, {len(journal.listeners)} devices: {summary(findings)}"


def _hurt(mode: Mode, seed: int, world: World, folder: Path, say: Callable[[str], None]) -> None:
    steps = mode.schedule(seed, sorted(world.parts), cuts=world.network.can_cut)
    done: list[Fault] = []
    until = time.monotonic() + mode.seconds
    for fault in carry_out(steps, world, until=until, calm_seconds=mode.calm_seconds, say=say):
        done.append(fault)
        # After each: of a run that is broken off, what was done is known.
        write_faults(done, folder / "faults.jsonl")


def _wait_for_silence(journals: Path, town: Town, programs: Mapping[str, Program], devices: int) -> None:
    """All that was begun is answered; and has been heard of by everybody, or they had their time for it."""
    members = Stored(members=town.chats)
    everybody = partial(_are_quiet, journals, devices)
    _wait(everybody, programs, _QUIET_SECONDS, "all are quiet")
    deadline = time.monotonic() + _QUIET_SECONDS
    while time.monotonic() < deadline and any(lost(read_journals(journals), members)):
        time.sleep(_LOOK_SECONDS)


def _are_quiet(journals: Path, devices: int) -> bool:
    return len({item.device for item in read_journals(journals).of(Kind.QUIET)}) == devices


async def _ask(world: World, town: Town, journals: Path, programs: Mapping[str, Program]) -> Stored:
    """What is stored; then the devices in Python vanish, and presence is to notice."""
    views = await observe.views(world, town)
    journal = read_journals(journals)
    programs["python"].kill()
    left = {item.user for item in journal.of(Kind.QUIET) if item.device.endswith("-go")}
    connected = {person.user: person.user in left for person in town.people}
    return Stored(
        members=town.chats,
        views=tuple(views),
        sightings=tuple(await observe.sightings(world, town, connected)),
        probes=tuple(await observe.probes(world, town, journal)),
    )


def _wait(condition: Callable[[], bool], programs: Mapping[str, Program], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        for program in programs.values():
            program.check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds:.0f} s still not: {what}")
        time.sleep(_LOOK_SECONDS)
