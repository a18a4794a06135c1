"""Deleted messages and accounts are in no copy on the real engines: tables, keys, objects, topic, files of the nodes.

Kafka keeps the text of a deleted message until retention removes its record. Cassandra keeps deleted cells in its own
files until it compacts them (see docs/reliability.md); every row that it still returns is searched here.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import grpc
import pytest
from kafka import KafkaAdminClient, TopicPartition
from redis import Redis

from kernel.cassandra.session import open_cassandra
from kernel.cassandra.settings import CassandraSettings
from kernel.kafka.log import open_kafka_log
from kernel.kafka.settings import KafkaSettings
from kernel.log.ports import LogRecord
from kernel.s3.blob_store import open_s3_blob_store
from kernel.s3.settings import S3Settings
from kernel.settings import load
from tests.e2e.live.listener import listening
from tests.e2e.mesh import Mesh
from tests.e2e.people import PASSWORD, people, rest
from tests.e2e.rest.talk import send, upload
from tests.unit.media.samples import a_jpeg
from tests.waiting import eventually

pytestmark = [pytest.mark.engines, pytest.mark.timeout(400), pytest.mark.asyncio(loop_scope="session")]

ADDRESS = "127.0.78.178"
Planted = Mapping[str, bytes]
Copies = dict[str, set[str]]
"""The places in which each planted part is."""


class Engines:
    """Searches all data of one mesh on the engines."""

    def __init__(self, mesh: Mesh, settings: Mapping[str, str]) -> None:
        self._folder = mesh.data_dir
        self._settings = settings

    async def copies(self, planted: Planted, *, but: str = "") -> Copies:
        """Return the places of all parts that are found anywhere, without the place `but`."""
        found: Copies = {}
        async for place, content in self._contents():
            for name, part in planted.items():
                if place != but and part in content:
                    found.setdefault(name, set()).add(place)
        return found

    async def expire(self, planted: Planted) -> None:
        """Remove the records with these parts from the topic, and all before them, as retention does."""
        last: dict[TopicPartition, int] = {}
        async for record in self._records():
            if any(part in record.value for part in planted.values()):
                partition = TopicPartition(self._settings["CHATLY_KAFKA_TOPIC"], record.position.partition)
                last[partition] = record.position.offset + 1
        servers = self._settings["CHATLY_KAFKA_BOOTSTRAP"].split(",")
        with closing(KafkaAdminClient(bootstrap_servers=servers)) as admin:
            await asyncio.to_thread(admin.delete_records, last)

    async def _contents(self) -> AsyncIterator[tuple[str, bytes]]:
        async for record in self._records():
            yield "kafka", record.value
        async for table, row in self._rows():
            yield table, row
        for content in await asyncio.to_thread(lambda: list(self._keys())):
            yield "redis", content
        async for content in self._objects():
            yield "s3", content
        for content in await asyncio.to_thread(lambda: list(self._files())):
            yield "disk", content

    async def _records(self) -> AsyncIterator[LogRecord]:
        async with open_kafka_log(load(KafkaSettings, self._settings), patience=30) as log:
            begins = await log.begins()
            for partition, end in (await log.ends()).items():
                after = begins[partition] - 1
                while after < end:
                    for record in await log.read(partition, after=after, limit=500, wait=1):
                        yield record
                        after = record.position.offset

    async def _rows(self) -> AsyncIterator[tuple[str, bytes]]:
        keyspace = self._settings["CHATLY_CASSANDRA_KEYSPACE"]
        tables = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ?"
        async with open_cassandra(load(CassandraSettings, self._settings)) as session:
            await session.ready()
            for table in await session.execute(tables, (keyspace,)):
                name = table["table_name"]
                async for row in session.stream(f"SELECT * FROM {keyspace}.{name}", ()):
                    yield name, b"\n".join(cells(list(row.values())))

    def _keys(self) -> Iterator[bytes]:
        redis: Any = Redis.from_url(self._settings["CHATLY_REDIS_URL"])
        with closing(redis):
            for key in redis.scan_iter(f"{self._settings['CHATLY_REDIS_PREFIX']}*"):
                yield key
                match redis.type(key):
                    case b"string":
                        yield redis.get(key) or b""
                    case b"hash":
                        yield b"\n".join(cells(redis.hgetall(key)))
                    case b"set":
                        yield b"\n".join(cells(redis.smembers(key)))
                    case b"zset":
                        yield b"\n".join(cells(redis.zrange(key, 0, -1)))
                    case b"list":
                        yield b"\n".join(cells(redis.lrange(key, 0, -1)))
                    case b"stream":
                        yield b"\n".join(cells([fields for _, fields in redis.xrange(key)]))
                    case b"none":
                        pass  # It expired meanwhile.
                    case other:
                        raise AssertionError(f"a key with the unknown type {other!r}")

    async def _objects(self) -> AsyncIterator[bytes]:
        settings = load(S3Settings, self._settings)
        async with open_s3_blob_store(settings) as store:
            client: Any = store._client
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=settings.bucket)
            for item in await asyncio.to_thread(lambda: [each for page in pages for each in page.get("Contents", [])]):
                yield item["Key"].encode()
                try:
                    body = await asyncio.to_thread(client.get_object, Bucket=settings.bucket, Key=item["Key"])
                except client.exceptions.NoSuchKey:
                    continue  # It was deleted meanwhile.
                yield await asyncio.to_thread(body["Body"].read)

    def _files(self) -> Iterator[bytes]:
        """Yield the files of the nodes, also those of incomplete uploads in temporary folders.

        The edge's access log keeps client addresses for CHATLY_EDGE_ACCESS_LOG_DAYS, and Envoy writes it with a delay.
        """
        for folder in (self._folder, *Path(tempfile.gettempdir()).glob("chatly-media-*")):
            for path in set(folder.rglob("*")) - set(folder.glob("edge/access*.log")):
                try:
                    yield path.name.encode() + (path.read_bytes() if path.is_file() else b"")
                except OSError:
                    continue  # It was deleted meanwhile.


def cells(value: object) -> Iterator[bytes]:
    """Yield all values in a value, as bytes."""
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            yield from (*cells(key), *cells(each))
    elif isinstance(value, Iterable) and not isinstance(value, str):
        for each in value:
            yield from cells(each)
    else:
        yield str(value).encode()


@pytest.fixture
def searched(mesh: Mesh, engines: Mapping[str, str]) -> Engines:
    return Engines(mesh, engines)


async def test_a_message_deleted_for_everyone_is_gone_with_its_file(mesh: Mesh, searched: Engines) -> None:
    ann, bob = await people(mesh, "ann", "bob")
    texts = {name: f"secret-{name}-{uuid4()}".encode() for name in ("first", "edited", "name", "content")}
    async with rest(mesh) as client:
        file = await upload(client, ann, f"{texts['name'].decode()}.txt", (texts["content"] + b"\n") * 3)
        picture = await upload(client, ann, "picture.jpg", a_jpeg(600, 500))
        stored = {
            form: (await client.get(f"/api/uploads/{picture['media_id']}?variant={form}", headers=ann.headers)).content
            for form in ("original", "thumbnail")
        }
        planted = {**texts, **stored}
        async with grpc.aio.insecure_channel(mesh.edge) as channel, listening(channel, bob) as listener:
            await listener.until_caught_up()
            media_ids = [each["media_id"] for each in (file, picture)]
            message = await send(client, ann, bob, texts["first"].decode(), media_ids=media_ids)
            where = f"/api/messages/{bob.user_id}/{message['message_id']}"
            edited = await client.patch(where, json={"text": texts["edited"].decode()}, headers=ann.headers)
            assert edited.status_code == 200, edited.text
        before = await searched.copies(planted)
        assert set(before) == set(planted)
        assert "kafka" in before["first"]
        assert all("s3" in before[part] for part in ("content", *stored))

        assert (await client.delete(f"{where}/everyone", headers=ann.headers)).status_code == 200

    async def only_in_kafka() -> bool:
        return await searched.copies(planted, but="kafka") == {}

    await eventually(only_in_kafka, "only the log has the text", seconds=60)
    assert set(await searched.copies(planted)) == {"first", "edited", "name"}
    await searched.expire(planted)
    assert await searched.copies(planted) == {}


async def test_a_deleted_account_is_gone(mesh: Mesh, searched: Engines) -> None:
    ann, bob = await people(mesh, "annalisa", "bob")
    texts = {name: f"secret {name} {uuid4()}" for name in ("text", "bio", "status", "device")}
    async with rest(mesh) as client, rest(mesh, address=ADDRESS) as tablet:
        login = {"email": ann.email, "password": PASSWORD, "device_name": texts["device"]}
        assert (await tablet.post("/api/auth/login", json=login)).status_code == 200
        avatar = {"avatar": ("secret-portrait.jpg", a_jpeg(640, 480))}
        profile = await client.put("/api/profile/me", data={"bio": texts["bio"]}, files=avatar, headers=ann.headers)
        url = profile.json()["user"]["avatar_url"]
        pictures = {
            form: (await client.get(f"{url}?variant={form}", headers=bob.headers)).content
            for form in ("original", "thumbnail")
        }
        status = {"status": {"text": texts["status"]}}
        assert (await client.put("/api/presence/status", json=status, headers=ann.headers)).status_code == 200
        await send(client, ann, bob, texts["text"])
        planted = {
            **{name: text.encode() for name, text in texts.items()},
            **pictures,
            "name of the picture": b"secret-portrait.jpg",
            "address": ADDRESS.encode(),
            "e-mail": ann.email.encode(),
            "username": ann.username.encode(),
        }
        assert set(await searched.copies(planted)) == set(planted)

        choice = {"password": PASSWORD, "delete_messages": True}
        deleted = await client.post("/api/auth/delete-account", json=choice, headers=ann.headers)
        assert deleted.status_code == 200, deleted.text

    async def only_in_kafka() -> bool:
        return await searched.copies(planted, but="kafka") == {}

    await eventually(only_in_kafka, "only the log has the message", seconds=60)
    assert set(await searched.copies(planted)) == {"text"}
    await searched.expire(planted)
    assert await searched.copies(planted) == {}
