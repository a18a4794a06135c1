"""The four drills: each loses data under load, follows the runbook, and compares what is left with what was
acknowledged.
"""

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chatly.messaging.v1.message_pb2 import Message

from tests.drills.engines import DrillEngines, drill_engines
from tests.drills.load import Load, load
from tests.drills.runbook import Runbook
from tests.drills.table import Result, faults_of, find
from tests.e2e.commands.chatly import chatly
from tests.e2e.mesh import Mesh, running_mesh
from tests.e2e.people import PASSWORD, Person, rest, somebody
from tests.load.people import LONG_SESSIONS
from tests.waiting import eventually

_SOME = 150
_FEW = 40
_SECONDS = 240.0
_SETTLED_SECONDS = 2.0


@dataclass(kw_only=True)
class Drill:
    """A running drill: the mesh, its operator and its users."""

    mesh: Mesh
    engines: DrillEngines
    runbook: Runbook
    load: Load
    result: Result
    say: Callable[[str], None]
    at_loss: Mapping[str, Message] = field(default_factory=dict)
    """Messages that were acknowledged before the loss."""
    newer_files: Mapping[str, Message] = field(default_factory=dict)
    """Messages that may name files without metadata: the metadata is newer than its snapshot."""
    lost_at: float = 0.0

    def require(self, expectation: str, *, holds: bool) -> None:
        if not holds:
            self.result.broken.append(f"not true: {expectation}")

    def note_loss(self) -> None:
        """Take what was acknowledged until now as acknowledged before the loss."""
        self.at_loss, self.lost_at = self.load.acknowledged(), time.monotonic()

    def require_resyncs(self) -> None:
        """Require that every subscriber was asked to list its chats again: its cursor was from before the restore."""
        self.require("each client gets resync", holds=all(each.resyncs for each in self.load.crowd.subscribers))

    async def stop_services(self) -> None:
        self.say("stopping all services")
        await self.mesh.stop()

    async def settled(self) -> set[str]:
        """Return the stored messages once no more are stored, while Kafka is down."""
        stored: set[str] = set()
        while (now := await self.load.stored_sends()) != stored:
            stored = now
            await asyncio.sleep(_SETTLED_SECONDS)
        return stored

    async def restore_to_service(self) -> None:
        """Continue after the engines are restored: the steps at the end of every restore."""
        await self.runbook.empty_redis()
        self.say((await self.runbook.chatly("log", "restored")).strip())
        await self.runbook.catch_up()
        self.load.expect_streams()
        self.say("$ chatly serve …, all services")
        await self.mesh.start()

    async def finish(self, promised: Mapping[str, Message]) -> None:
        """Send on, stop, and compare. `promised`: messages from before the loss that must be there."""
        await self.load.stored(promised)
        self.result.whole_after = time.monotonic() - self.lost_at
        self.say(f"whole after {self.result.whole_after:.0f} s")
        await self.load.subscribed()
        self.say("all have subscribed again")
        before = self.load.acknowledged()
        await self.load.go_on(_SOME)
        await self.load.quiet()
        now = self.load.acknowledged()
        await self.load.received(_without(now, before))
        self.say("all have received the new messages")
        after = _without(now, self.at_loss)
        await self.load.stored(after)
        await self._compare(promised, after)
        await self._check_health()

    async def _compare(self, promised: Mapping[str, Message], after: Mapping[str, Message]) -> None:
        views = await self.load.views()
        kept: dict[str, dict[str, str]] = {}
        for send, message in {**promised, **after}.items():
            kept.setdefault(message.chat_id, {})[send] = message.message_id
        self.result.findings = find(views, kept)
        self.result.before, self.result.after = len(promised), len(after)
        shown = {each.send for of_chat in views.values() for each in of_chat[0]}
        self.result.given_up = len(_without(self.at_loss, promised).keys() - shown)

    async def _check_health(self) -> None:
        await self._verify()
        self.say(_last_line(await self.runbook.chatly("log", "status")))
        await eventually(self._is_well, "doctor reports a healthy mesh", seconds=_SECONDS)

    async def _verify(self) -> None:
        """Check all data. Files may be missing whose metadata only the lost data had."""
        verified = await chatly(self.runbook.environ, "verify")
        self.say(f"$ chatly verify\n{verified.output.strip()}")
        faults = faults_of(verified.output)
        newer = {message.message_id for message in self.newer_files.values()}
        self.result.files = len(faults.no_metadata & newer)
        accepted = not faults.others and faults.no_metadata <= newer
        complete = verified.exit_code == (1 if faults.no_metadata else 0)
        self.require("`chatly verify` finds nothing but newer files without metadata", holds=accepted and complete)

    async def _is_well(self) -> bool:
        return (await chatly(self.runbook.environ, "doctor")).exit_code == 0


def _without(some: Mapping[str, Message], others: Mapping[str, Message]) -> dict[str, Message]:
    return {send: message for send, message in some.items() if send not in others}


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2]


async def _can_log_in(mesh: Mesh, person: Person) -> bool:
    async with rest(mesh) as client:
        answer = await client.post("/api/auth/login", json={"email": person.email, "password": PASSWORD})
    return answer.status_code == 200


async def wiped_cassandra(drill: Drill) -> None:
    """Lose Cassandra. Accounts come from a snapshot, messages from the log."""
    early = await somebody(drill.mesh, "early")
    await drill.load.go_on(_SOME)
    known = drill.load.acknowledged()
    await drill.runbook.snapshot(4)
    late = await somebody(drill.mesh, "late")
    await drill.load.go_on(_SOME)
    await drill.runbook.collect()
    await drill.engines.lose("cassandra")
    # The log still takes messages.
    await drill.load.go_on(_FEW)
    await drill.stop_services()
    drill.note_loss()
    drill.newer_files = _without(drill.at_loss, known)
    await drill.runbook.restore_cassandra("accounts")
    await drill.restore_to_service()
    drill.require("an account of the snapshot can log in", holds=await _can_log_in(drill.mesh, early))
    drill.require("a later account is missing", holds=not await _can_log_in(drill.mesh, late))
    await drill.finish(drill.at_loss)
    drill.require_resyncs()


async def older_cassandra(drill: Drill) -> None:
    """Restore a snapshot of Cassandra that was taken under load, and is older than the log."""
    await drill.load.go_on(_SOME)
    for step in (1, 2, 3):
        await drill.runbook.snapshot(step)
    known = drill.load.acknowledged()
    await drill.runbook.snapshot(4)
    await drill.load.go_on(_SOME)
    await drill.runbook.collect()
    await drill.stop_services()
    drill.note_loss()
    drill.newer_files = _without(drill.at_loss, known)
    await drill.engines.lose("cassandra")
    await drill.runbook.restore_cassandra("accounts", "history")
    await drill.restore_to_service()
    await drill.finish(drill.at_loss)
    drill.require_resyncs()


async def wiped_kafka(drill: Drill) -> None:
    """Lose Kafka while all services run. Messages that are not stored yet are lost with it."""
    await drill.load.go_on(2 * _SOME)
    await drill.engines.stop("kafka", kill=True)
    drill.note_loss()
    stored = await drill.settled()
    await drill.engines.lose("kafka")
    await drill.engines.start("kafka")
    await drill.load.go_on(_FEW)
    status = await drill.runbook.chatly("log", "status", fails=True)
    drill.say(status.strip())
    drill.require("`chatly log status` reports the new log", holds="the log was replaced" in status)
    drill.say((await drill.runbook.chatly("log", "adopt")).strip())
    promised = {send: message for send, message in drill.at_loss.items() if send in stored}
    await drill.finish(promised)
    await drill.load.received(promised)
    drill.require("no client gets resync", holds=drill.load.resyncs == 0)


async def lost_everything(drill: Drill) -> None:
    """Lose everything, and restore a backup that was taken under load."""
    await drill.load.go_on(_SOME)
    for step in (1, 2, 3):
        await drill.runbook.snapshot(step)
        await drill.load.go_on(_FEW)
    promised = await drill.runbook.copy_kafka(drill.load.acknowledged)
    await drill.load.go_on(_FEW)
    await drill.runbook.snapshot(4)
    await drill.runbook.copy_files()
    await drill.runbook.collect()
    await drill.runbook.copy_secrets()
    await drill.load.go_on(2 * _SOME)
    drill.mesh.kill()
    await drill.engines.lose()
    shutil.rmtree(drill.mesh.data_dir)
    drill.say("lost: the services, with their secrets")
    drill.note_loss()
    await drill.runbook.restore_secrets()
    await drill.runbook.restore_files()
    await drill.runbook.restore_kafka()
    await drill.runbook.restore_cassandra("accounts", "history")
    await drill.restore_to_service()
    await drill.finish(promised)
    drill.require_resyncs()


DRILLS: Mapping[str, Callable[[Drill], Awaitable[None]]] = {
    "wiped-cassandra": wiped_cassandra,
    "older-cassandra": older_cassandra,
    "wiped-kafka": wiped_kafka,
    "lost-everything": lost_everything,
}


async def run_drill(result: Result, folder: Path, say: Callable[[str], None]) -> None:
    """Run a drill on engines and a mesh of its own, with all data in this folder, and fill its result."""
    async with drill_engines(folder / "engines", say) as engines:
        say("engines are ready")
        async with running_mesh(folder / "mesh", {"messaging": 2}, **engines.chatly(), **LONG_SESSIONS) as mesh:
            say(f"Chatly is ready at {mesh.url}")
            (folder / "backup").mkdir()
            runbook = Runbook(engines=engines, mesh=mesh, folder=folder / "backup", say=say)
            async with load(mesh) as users:
                drill = Drill(mesh=mesh, engines=engines, runbook=runbook, load=users, result=result, say=say)
                await DRILLS[result.drill](drill)
