"""People talk while something happens; then all fall silent, and every node is asked what it has."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from tests.faults import observe
from tests.faults.checker.checks.delivery import lost
from tests.faults.checker.journal import Kind, read_journals
from tests.faults.checker.stored import Stored, write_stored
from tests.faults.people import Town, settle
from tests.faults.programs import Program, running_programs

_LIVE_SECONDS = 60.0
_QUIET_SECONDS = 60.0
_LOOK_SECONDS = 0.5


def talk(
    nodes: observe.Nodes,
    edges: Sequence[str],
    folder: Path,
    *,
    every_seconds: float,
    seed: int,
    meanwhile: Callable[[], None],
) -> None:
    """Journals, and what is stored in the end, are in `folder` afterwards; raise if there was no such run."""
    journals = folder / "journals"
    journals.mkdir(parents=True)
    town = asyncio.run(settle(edges[0]))
    plans = town.plans(journals, edges, every_seconds=every_seconds, seed=seed)
    with running_programs(plans) as programs:
        devices = sum(len(plan.devices) for plan in plans.values())
        _wait(lambda: len(read_journals(journals).listeners) == devices, programs, _LIVE_SECONDS, "all listen")
        meanwhile()
        for program in programs.values():
            program.hush()
        _wait_for_silence(journals, town, programs, devices)
        write_stored(asyncio.run(_ask(nodes, town, journals, programs)), folder / "stored.json")


def _wait_for_silence(journals: Path, town: Town, programs: Mapping[str, Program], devices: int) -> None:
    """All that was begun is answered; and has been heard of by everybody, or they had their time for it."""
    _wait(partial(_are_quiet, journals, devices), programs, _QUIET_SECONDS, "all are quiet")
    members = Stored(members=town.chats)
    deadline = time.monotonic() + _QUIET_SECONDS
    while time.monotonic() < deadline and any(lost(read_journals(journals), members)):
        time.sleep(_LOOK_SECONDS)


def _are_quiet(journals: Path, devices: int) -> bool:
    return len({item.device for item in read_journals(journals).of(Kind.QUIET)}) == devices


async def _ask(nodes: observe.Nodes, town: Town, journals: Path, programs: Mapping[str, Program]) -> Stored:
    """What is stored; then the devices in Python vanish, and presence is to notice."""
    views = await observe.views(nodes, town)
    journal = read_journals(journals)
    programs["python"].kill()
    left = {item.user for item in journal.of(Kind.QUIET) if item.device.endswith("-go")}
    connected = {person.user: person.user in left for person in town.people}
    return Stored(
        members=town.chats,
        views=tuple(views),
        sightings=tuple(await observe.sightings(nodes, town, connected)),
        probes=tuple(await observe.probes(nodes, town, journal)),
    )


def _wait(condition: Callable[[], bool], programs: Mapping[str, Program], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        for program in programs.values():
            program.check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds:.0f} s still not: {what}")
        time.sleep(_LOOK_SECONDS)
