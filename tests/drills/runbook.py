"""The steps of docs/operations.md for backup and restore, with the same scripts and commands. Each step is printed."""

import asyncio
import os
import re
import shlex
import shutil
import signal
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from botocore.session import get_session
from chatly.messaging.v1.message_pb2 import Message

from tests.drills.engines import NAME, DrillEngines
from tests.e2e.commands.chatly import CHATLY
from tests.e2e.mesh import Mesh
from tests.waiting import eventually

_SCRIPTS = Path(__file__).parents[2] / "deploy" / "backup"
_BACKUP = "drill"
_PARTITIONS = 4
_SECONDS = 400.0
_LAG = re.compile(r"^chatly_persister_lag_records\{[^}]*\} ([\d.e+]+)$", re.MULTILINE)


class StepError(Exception):
    """A command of the runbook failed. The text has its output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """The operator of a mesh. `folder`: for the backup."""

    engines: DrillEngines
    mesh: Mesh
    folder: Path
    say: Callable[[str], None]

    @property
    def environ(self) -> Mapping[str, str]:
        """The environment of the commands."""
        return {**self.mesh.environ, "NODETOOL": str(self._nodetool)}

    @property
    def _nodetool(self) -> Path:
        path = self.folder / "nodetool"
        if not path.exists():
            path.write_text(f'#!/bin/sh\nexec {shlex.join(self.engines.nodetool)} "$@"\n')
            path.chmod(0o700)
        return path

    async def snapshot(self, step: int) -> None:
        """Take one of the four snapshots of Cassandra."""
        await self._run(str(_SCRIPTS / "snapshot.sh"), str(step), _BACKUP)

    async def collect(self) -> None:
        """Copy the snapshots of Cassandra into the backup."""
        await self._run(str(_SCRIPTS / "collect.sh"), _BACKUP, str(self._cassandra), str(self.folder / "cassandra"))

    async def copy_kafka(self, acknowledged: Callable[[], Mapping[str, Message]]) -> Mapping[str, Message]:
        """Copy Kafka's data folder while nothing changes in it, as a file system snapshot does.

        Return what was acknowledged before.
        """
        before = acknowledged()
        async with self.engines.frozen("kafka") as folder:
            await self._run("cp", "-a", f"{folder}/data", str(self.folder / "kafka"))
        return before

    async def copy_files(self) -> None:
        """Copy all objects of the bucket into the backup, as `aws s3 sync s3://BUCKET FOLDER` does."""
        self.say(f"$ (aws s3 sync s3://{NAME} {self.folder / 's3'})")
        await asyncio.to_thread(_download, self._s3(), self.folder / "s3")

    async def copy_secrets(self) -> None:
        """Copy the secrets, which `chatly run` keeps in its data folder."""
        await self._run("cp", "-a", f"{self.mesh.data_dir}/secrets", str(self.folder / "secrets"))

    async def restore_secrets(self) -> None:
        self.mesh.data_dir.mkdir(parents=True)
        await self._run("cp", "-a", str(self.folder / "secrets"), f"{self.mesh.data_dir}/secrets")

    async def restore_kafka(self) -> None:
        """Put the copy in place of the data of the stopped node, and start it."""
        data = self.engines.folders["kafka"] / "data"
        await asyncio.to_thread(shutil.rmtree, data)
        await self._run("cp", "-a", str(self.folder / "kafka"), str(data))
        await self.engines.start("kafka")

    async def restore_files(self) -> None:
        """Start the empty S3 server, and copy all objects into it, as `aws s3 sync FOLDER s3://BUCKET` does."""
        await self.engines.start("s3")
        self.say(f"$ (aws s3 sync {self.folder / 's3'} s3://{NAME})")
        await asyncio.to_thread(_upload, self._s3(), self.folder / "s3")

    async def restore_cassandra(self, *parts: str) -> None:
        """Start the empty Cassandra, create the tables, and fill those of `history` or `accounts` from the backup.

        Kafka and S3 must run.
        """
        await self.engines.start("cassandra")
        await self.chatly("migrate")
        await self._run(str(self._nodetool), "drain")
        await self.engines.stop("cassandra")
        for part in parts:
            await self._run(str(_SCRIPTS / "restore.sh"), str(self.folder / "cassandra" / part), str(self._cassandra))
        await self.engines.start("cassandra")

    async def empty_redis(self) -> None:
        await self.engines.lose("redis")
        await self.engines.start("redis")

    async def catch_up(self) -> None:
        """Run the persister alone until everything in the log is stored."""
        self.say("$ chatly serve persister")
        secret = (self.mesh.data_dir / "secrets" / "service").read_text()
        environ = {**self.mesh.environ, "CHATLY_SERVICE_SECRET": secret}
        async with _running(str(CHATLY), "serve", "persister", environ=environ, log=self.folder / "persister.log"):
            await eventually(self._has_caught_up, "the persister has stored the log", seconds=_SECONDS)

    async def chatly(self, *arguments: str, fails: bool = False) -> str:
        """Run a command of Chatly and return its output. `fails`: it must exit with 1."""
        return await self._run(str(CHATLY), *arguments, code=1 if fails else 0)

    async def _has_caught_up(self) -> bool:
        try:
            async with httpx.AsyncClient() as client:
                metrics = await client.get(f"http://{self.mesh.http['persister']}/metrics")
        except httpx.HTTPError:
            return False
        lag = [float(each) for each in _LAG.findall(metrics.text)]
        return len(lag) == _PARTITIONS and sum(lag) == 0

    @property
    def _cassandra(self) -> Path:
        return self.engines.folders["cassandra"] / "data" / "data"

    def _s3(self) -> Any:  # noqa: ANN401 - its type is created at run time
        server = self.engines.s3
        return get_session().create_client(
            "s3",
            endpoint_url=server.endpoint,
            aws_access_key_id=server.access_key,
            aws_secret_access_key=server.secret_key,
            region_name="us-east-1",
        )

    async def _run(self, *command: str, code: int = 0) -> str:
        self.say(f"$ {shlex.join([Path(command[0]).name, *command[1:]])}")
        process = await asyncio.create_subprocess_exec(
            *command,
            env=self.environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        data, _ = await process.communicate()
        output = data.decode()
        if process.returncode != code:
            raise StepError(f"{Path(command[0]).name} ended with {process.returncode}:\n{output}")
        return output


@asynccontextmanager
async def _running(*command: str, environ: Mapping[str, str], log: Path) -> AsyncIterator[None]:
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(*command, env=environ, stdout=output, stderr=output)
    try:
        yield
    finally:
        if process.returncode is None:
            os.kill(process.pid, signal.SIGTERM)
        await process.wait()


def _download(client: Any, into: Path) -> None:  # noqa: ANN401 - as `_s3`
    with closing(client):
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=NAME):
            for item in page.get("Contents", []):
                path = into / item["Key"]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(client.get_object(Bucket=NAME, Key=item["Key"])["Body"].read())


def _upload(client: Any, source: Path) -> None:  # noqa: ANN401 - as `_s3`
    with closing(client):
        client.create_bucket(Bucket=NAME)
        for path in sorted(each for each in source.rglob("*") if each.is_file()):
            client.put_object(Bucket=NAME, Key=str(path.relative_to(source)), Body=path.read_bytes())
