"""Clients chat while faults happen; then all stop, and the final state is read from every node."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from tests.faults import observe
from tests.faults.checker.checks.delivery import lost
from tests.faults.checker.losses import LOSSES, kept_deletions, read_losses, without_lost
from tests.faults.checker.recording import Kind, read_recordings
from tests.faults.checker.stored import Stored, write_stored
from tests.faults.people import Population, settle
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
    """Recordings and the final state are in `folder` afterwards. Raise if the run could not be completed."""
    recordings = folder / "recordings"
    recordings.mkdir(parents=True)
    population = asyncio.run(settle(edges[0]))
    plans = population.plans(recordings, edges, every_seconds=every_seconds, seed=seed)
    with running_programs(plans) as programs:
        devices = sum(len(plan.devices) for plan in plans.values())
        _wait(lambda: len(read_recordings(recordings).listeners) == devices, programs, _LIVE_SECONDS, "all listen")
        meanwhile()
        for program in programs.values():
            program.hush()
        _wait_for_silence(recordings, population, programs, devices)
        write_stored(asyncio.run(_ask(nodes, population, recordings, programs)), folder / "stored.json")


def _wait_for_silence(recordings: Path, population: Population, programs: Mapping[str, Program], devices: int) -> None:
    """Wait until every call is answered and all have received all messages, or until the time limit."""
    _wait(partial(_are_quiet, recordings, devices), programs, _QUIET_SECONDS, "all are quiet")
    members = Stored(members=population.chats)
    losses = read_losses(recordings.parent / LOSSES)
    deadline = time.monotonic() + _QUIET_SECONDS
    while time.monotonic() < deadline:
        kept, _ = without_lost(read_recordings(recordings), members, losses)
        if not any(lost(kept, members)):
            return
        time.sleep(_LOOK_SECONDS)


def _are_quiet(recordings: Path, devices: int) -> bool:
    return len({item.device for item in read_recordings(recordings).of(Kind.QUIET)}) == devices


async def _ask(
    nodes: observe.Nodes, population: Population, recordings: Path, programs: Mapping[str, Program]
) -> Stored:
    """Read the final state. Then kill the devices in Python: presence must notice."""
    shown = Stored(members=population.chats, views=tuple(await observe.views(nodes, population)))
    recording = read_recordings(recordings)
    gone = kept_deletions(recording, shown, read_losses(recordings.parent / LOSSES))
    programs["python"].kill()
    left = {item.user for item in recording.of(Kind.QUIET) if item.device.endswith("-go")}
    connected = {person.user: person.user in left for person in population.people}
    return replace(
        shown,
        sightings=tuple(await observe.sightings(nodes, population, connected)),
        probes=tuple(await observe.probes(nodes, population, recording, gone)),
    )


def _wait(condition: Callable[[], bool], programs: Mapping[str, Program], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        for program in programs.values():
            program.check()
        if time.monotonic() > deadline:
            raise TimeoutError(f"not after {seconds:.0f} s: {what}")
        time.sleep(_LOOK_SECONDS)
