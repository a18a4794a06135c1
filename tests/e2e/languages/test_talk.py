"""Programs in different languages talk in one group, while one in Python watches."""

import asyncio
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.e2e.languages.accounts import log_in, register
from tests.e2e.languages.line import Line, line_to
from tests.e2e.languages.programs import GO, JAVA, NODE, PYTHON, build, run, started
from tests.e2e.mesh import EMBEDDED, Mesh, running_mesh

TALKERS = (GO, NODE, JAVA)

pytestmark = [
    pytest.mark.toolchain("go"),
    pytest.mark.toolchain("npm"),
    pytest.mark.toolchain("mvn"),
    pytest.mark.timeout(400),
]


@pytest.fixture(autouse=True)
def _built() -> None:
    for program in TALKERS:
        build(program)


async def test_every_program_receives_the_others_messages_once_and_in_order(mesh: Mesh) -> None:
    chat_id = await _group(mesh, "calm")
    lines = 30

    async with started(PYTHON, *_watch(mesh.edge, "calm", chat_id, lines)) as watcher:
        await _talk(mesh.edge, "calm", chat_id, lines)
        await _has_seen_everything(watcher, "calm", lines)


@EMBEDDED
async def test_repeated_disconnects_lose_and_double_nothing(mesh: Mesh) -> None:
    broken: list[int] = []

    async def cut_every_60_lines(line: Line, seen: int) -> None:
        if seen % 60 == 0:
            broken.append(line.cut())

    await _talk_disturbed(mesh, "cut", cut_every_60_lines)
    assert sum(broken) > 2 * len(TALKERS)


async def test_a_mesh_killed_during_the_talk_loses_and_doubles_nothing(tmp_path: Path) -> None:
    async with running_mesh(tmp_path) as mesh:

        async def kill_after_100_lines(_: Line, seen: int) -> None:
            if seen == 100:
                mesh.kill()
                await mesh.start()

        await _talk_disturbed(mesh, "killed", kill_after_100_lines)


async def test_a_mesh_stopped_during_the_talk_loses_and_doubles_nothing(tmp_path: Path) -> None:
    async with running_mesh(tmp_path) as mesh:

        async def restart_after_100_lines(_: Line, seen: int) -> None:
            if seen == 100:
                assert await mesh.stop() == 0
                await mesh.start()

        await _talk_disturbed(mesh, "stopped", restart_after_100_lines)


async def _talk_disturbed(mesh: Mesh, prefix: str, disturb: Callable[[Line, int], Awaitable[None]]) -> None:
    """Talk through a proxy; `disturb` gets the number of lines that the watcher has printed."""
    chat_id = await _group(mesh, prefix)
    lines = 150
    async with (
        line_to(mesh.edge) as line,
        started(PYTHON, *_watch(line.address, prefix, chat_id, lines)) as watcher,
        asyncio.TaskGroup() as talks,
    ):
        talks.create_task(_talk(line.address, prefix, chat_id, lines))
        seen: list[str] = []
        assert watcher.stdout is not None
        async for printed in watcher.stdout:
            seen.append(printed.decode().strip())
            await disturb(line, len(seen))
        assert seen.pop() == "done", "\n".join(seen[-30:])
        assert Counter(seen) == _everything(prefix, lines)


async def _talk(edge: str, prefix: str, chat_id: str, lines: int) -> None:
    """Run the talkers, which fail on a gap, a repeat, or a wrong order."""
    expect = str(lines * (len(TALKERS) - 1))
    async with asyncio.TaskGroup() as group:
        for program in TALKERS:
            options = ["--edge", edge, "--name", f"{prefix}-{program.language}", "--chat", chat_id]
            group.create_task(run(program, "talk", *options, "--send", str(lines), "--expect", expect, seconds=120))


def _watch(edge: str, prefix: str, chat_id: str, lines: int) -> list[str]:
    expect = str(lines * len(TALKERS))
    return ["talk", "--edge", edge, "--name", f"{prefix}-python", "--chat", chat_id, "--expect", expect]


async def _has_seen_everything(watcher: Process, prefix: str, lines: int) -> None:
    async with asyncio.timeout(30):
        output = (await watcher.communicate())[0].decode()
    assert output.endswith("done\n"), output
    assert Counter(output.splitlines()[:-1]) == _everything(prefix, lines)


def _everything(prefix: str, lines: int) -> Counter[str]:
    return Counter(f"{prefix}-{each.language} {number}" for each in TALKERS for number in range(1, lines + 1))


async def _group(mesh: Mesh, prefix: str) -> str:
    """Create a group of all programs with this prefix; return its chat_id."""
    async with httpx.AsyncClient(base_url=mesh.url) as client:
        _, *others = [await register(client, f"{prefix}-{each.language}") for each in (PYTHON, *TALKERS)]
        owner = await log_in(client, f"{prefix}-python")
        group = {"client_group_id": str(uuid4()), "title": f"A {prefix} talk", "member_ids": others}
        made = await owner.post("/api/groups", json=group)
    assert made.status_code == 200, made.text
    return str(made.json()["chat"]["chat_id"])
