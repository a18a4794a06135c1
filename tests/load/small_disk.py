"""A mesh on a disk that fills up: refused sends, calls that still work, and the data after a crash."""

import os
import shutil
import sqlite3
import subprocess
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx

from tests.e2e.mesh import Mesh
from tests.e2e.people import Person, rest
from tests.faults.history import history
from tests.load.audience import Ear, comes_true, hear, listening
from tests.load.context import Context, traces_in
from tests.load.people import connections, group_of, residents
from tests.load.report import Report
from tests.load.writing import Writer
from tests.problems import reason
from tests.waiting import eventually

_BALLAST_MIB = 4
_TEXT = b"all work and no play\n" * 50_000
_ROOM_SECONDS = 30.0
_HEALTH_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class SmallDisk:
    """A tmpfs with two ballast files, each of which can be deleted to make room."""

    path: Path

    @classmethod
    def mounted(cls, path: Path, *, mib: int) -> Self:
        """Size in MiB, including the ballast."""
        path.mkdir(parents=True)
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mib}m", "tmpfs", str(path)], check=True)
        for number in range(2):
            (path / f"ballast{number}").write_bytes(os.urandom(_BALLAST_MIB << 20))
        return cls(path)

    def make_room(self) -> None:
        next(self.path.glob("ballast*")).unlink()

    @property
    def databases(self) -> list[Path]:
        return sorted(self.path.rglob("*.db"))


async def fill_it(context: Context, disk: SmallDisk) -> Report:
    report = Report()
    async with context.mesh() as mesh:
        writer, reader = await residents(mesh, 2)
        async with connections(mesh, 2) as stubs:
            group = await group_of(stubs[0], [writer, reader])
            words = Writer(stubs[0], writer, group)
            ear = Ear(stubs[1], reader)
            async with listening([ear]):
                await words.send(context.size(2_000, 100))
                media_id = await _upload(mesh, writer)
                await _fill(report, mesh, words, context)
                await _require_only_writing_is_refused(report, mesh, words, reader)
                await _require_download(report, mesh, writer, media_id)
                context.say("there is room again")
                disk.make_room()
                began = time.monotonic()
                again = await comes_true(words.gets_through, seconds=_ROOM_SECONDS)
                report.require("sends work again once there is room", holds=again, but=words.refusals[-1])
                report.note("from room to the first send", time.monotonic() - began, "s")
                await hear([ear], words.message_ids)
                report.require("a live subscriber stays", holds=not ear.resumes, but=ear.ends)
                await _fill(report, mesh, words, context)
        context.say("the disk is full again, and the mesh is killed")
        _require_no_trace(report, mesh)
        mesh.kill()
        disk.make_room()
        await mesh.start()
        async with connections(mesh, 1) as stubs:
            await _require_all_is_there(report, Writer(stubs[0], writer, group, words.acknowledged), reader)
        _require_no_trace(report, mesh)
    for path in disk.databases:
        found = _integrity(path, context.folder / "copies")
        report.require(f"{path.name} is whole", holds=found == "ok", but=found)
    report.note("messages acknowledged", len(words.acknowledged), "")
    report.note("sends refused", len(words.refusals), "")
    return report


def _integrity(database: Path, elsewhere: Path) -> str:
    """Check a copy: on the full disk, SQLite may have no room for the index of the WAL that it needs to read."""
    elsewhere.mkdir(exist_ok=True)
    for file in database.parent.glob(f"{database.name}*"):
        if not file.name.endswith("-shm"):
            shutil.copy(file, elsewhere)
    with closing(sqlite3.connect(elsewhere / database.name)) as copy:
        return str(copy.execute("PRAGMA integrity_check").fetchone()[0])


async def _fill(report: Report, mesh: Mesh, words: Writer, context: Context) -> None:
    """Fill it until there is no room for a file, and then not even for a message."""
    context.say("filling the disk")
    files = await _upload_until_refused(report, mesh, words.person)
    refused = len(words.refusals)
    await words.send_until_refused()
    context.say(f"{files} files, {len(words.acknowledged)} messages; refused: {words.refusals[-1][1]}")
    for kind, message in words.refusals[refused:]:
        report.require("a send is refused with a typed error", holds=kind == "LOG_UNAVAILABLE", but=(kind, message))
        report.require("a refusal says that the disk is full", holds="disk is full" in message, but=message)
        if report.complaints:
            break


async def _upload(mesh: Mesh, person: Person) -> str:
    """Return the ID of the file."""
    async with rest(mesh) as client:
        files = {"file": ("first.txt", _TEXT, "text/plain")}
        answer = await client.post("/api/upload/message", files=files, headers=person.headers)
        return str(answer.raise_for_status().json()["media_id"])


async def _require_download(report: Report, mesh: Mesh, person: Person, media_id: str) -> None:
    async with rest(mesh) as client:
        answer = await client.get(f"/api/uploads/{media_id}", headers=person.headers)
        report.require("files can be had while the disk is full", holds=answer.content == _TEXT, but=answer.status_code)


async def _upload_until_refused(report: Report, mesh: Mesh, person: Person) -> int:
    """Return the number of files stored."""
    async with rest(mesh) as client:
        for number in range(1_000):
            files = {"file": (f"{number}.txt", _TEXT, "text/plain")}
            answer = await client.post("/api/upload/message", files=files, headers=person.headers)
            if answer.status_code != httpx.codes.OK:
                typed = answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and reason(answer) == "STORE_UNAVAILABLE"
                report.require("an upload is refused with a typed error", holds=typed, but=answer.text)
                report.require("its refusal says so", holds="disk is full" in answer.text, but=answer.text)
                return number
    return 1_000


async def _require_only_writing_is_refused(report: Report, mesh: Mesh, words: Writer, reader: Person) -> None:
    read = await history(words.stub, reader.metadata, words.chat_id)
    report.require("reading works while the disk is full", holds=len(read) == len(words.acknowledged), but=len(read))
    said: dict[str, str] = {}
    async with httpx.AsyncClient() as client:

        async def health_reports_it() -> bool:
            for name, address in mesh.http.items():
                said[name] = (await client.get(f"http://{address}/healthz")).text
            return "disk is full" in str(said)

        known = await comes_true(health_reports_it, seconds=_HEALTH_SECONDS)
        report.require("health says that the disk is full", holds=known, but=said)


async def _require_all_is_there(report: Report, words: Writer, reader: Person) -> None:
    """Check that each message is there once, complete, and numbered without a gap, and that none was refused."""

    async def all_is_stored() -> bool:
        return all(message.seq for message in await history(words.stub, reader.metadata, words.chat_id))

    await eventually(all_is_stored, "all is stored after the crash", seconds=60)
    messages = await history(words.stub, reader.metadata, words.chat_id)
    stored = Counter(message.client_message_id for message in messages)
    lost, foreign = words.acknowledged.keys() - stored.keys(), stored.keys() - words.acknowledged.keys()
    report.require(
        "what was acknowledged is there once, and nothing else",
        holds=stored == Counter(words.acknowledged.keys()),
        but=f"{len(lost)} lost, {len(foreign)} refused and there, {stored.total() - len(stored)} doubled",
    )
    whole = all(message.text == words.text for message in messages)
    report.require("every message is whole", holds=whole)
    report.require("numbers have no gap", holds=[m.seq for m in messages] == list(range(1, len(messages) + 1)))


def _require_no_trace(report: Report, mesh: Mesh) -> None:
    trace = traces_in(mesh)
    report.require("a full disk leaves no stack trace in the logs", holds=not trace, but=trace)
