"""Cassandra only: nodes that die between two writes, and concurrent nodes."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from kernel.blob.folder import FolderBlobStore
from kernel.cassandra.session import CassandraSession
from kernel.errors import ChatlyError
from services.media.adapters.cassandra.media_rows import CassandraMediaRows
from services.media.adapters.cassandra.upload_staging import CassandraUploadStaging
from services.media.adapters.folder import FolderUploadStaging
from services.media.errors import MediaReason
from services.media.model import FilesSent, MediaId, MessageRemoved
from tests.builders import NOON, an_id
from tests.contract.media.conftest import ON_CASSANDRA, Stores
from tests.fakes import FakeClock
from tests.unit.media.builders import a_media, an_upload

pytestmark = ON_CASSANDRA
WEEK = timedelta(days=7)


@pytest.fixture
async def nodes(tmp_path: Path, cassandra: CassandraSession) -> AsyncIterator[list[CassandraUploadStaging]]:
    blobs = FolderBlobStore(tmp_path / "blobs")
    await blobs.open()
    folders = [FolderUploadStaging(tmp_path / name) for name in ("one", "other")]
    yield [CassandraUploadStaging(cassandra, blobs=blobs, local=folder) for folder in folders]
    assert [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()] == []


async def test_a_file_is_not_both_deleted_and_sent(cassandra_stores: Stores) -> None:
    for _ in range(10):
        media = a_media(created_at=NOON - 2 * WEEK)
        await cassandra_stores.media.add(media)
        sent = FilesSent("chat", an_id(), media.owner_id, (media.media_id,))

        deleted, _ = await asyncio.gather(
            cassandra_stores.sent.delete_unsent(before=NOON - WEEK, limit=10), cassandra_stores.sent.apply([sent])
        )

        messages = await cassandra_stores.sent.messages_with(media.media_id)
        assert [each.chat_id for each in messages] == ([] if deleted else ["chat"])
        assert (await cassandra_stores.media.find(media.media_id) is None) is bool(deleted)


async def test_bytes_are_purged_if_the_node_that_deleted_the_file_died(
    cassandra: CassandraSession, cassandra_stores: Stores
) -> None:
    media, message = a_media(), an_id()
    gone = MessageRemoved("chat", message, deleted=True)
    await cassandra_stores.media.add(media)
    await cassandra_stores.sent.apply([FilesSent("chat", message, media.owner_id, (media.media_id,))])
    rows = CassandraMediaRows(cassandra)
    await rows.remove_message(media.media_id, "chat", message)
    assert await rows.delete(media.media_id, at=NOON)

    assert await cassandra_stores.sent.apply([gone]) == []

    assert await cassandra_stores.media.pending_deletion(limit=10) == [media.media_id]


async def test_a_file_with_a_withdrawn_message_becomes_unsent(cassandra_stores: Stores, clock: FakeClock) -> None:
    media, copy = a_media(), an_id()
    await cassandra_stores.media.add(media)
    await cassandra_stores.sent.apply([FilesSent("chat", copy, media.owner_id, (media.media_id,))])
    assert await cassandra_stores.sent.delete_unsent(before=NOON + WEEK, limit=10) == []

    clock.advance(WEEK.total_seconds())
    await cassandra_stores.sent.apply([MessageRemoved("chat", copy, deleted=False)])

    assert await cassandra_stores.sent.delete_unsent(before=NOON + WEEK, limit=10) == []
    assert await cassandra_stores.sent.delete_unsent(before=NOON + 2 * WEEK, limit=10) == [media.media_id]


async def test_an_upload_that_was_only_indexed_is_removed_from_the_index(
    cassandra: CassandraSession, cassandra_stores: Stores
) -> None:
    upload = an_upload(expires_at=NOON - timedelta(hours=5))
    await cassandra_stores.uploads.add(upload)
    await cassandra.execute("DELETE FROM uploads USING TIMESTAMP 2 WHERE upload_id = ?", (upload.upload_id,))

    assert await cassandra_stores.uploads.expired(NOON, limit=1) == []
    assert await cassandra_stores.uploads.expired(NOON, limit=1) == []

    query = "SELECT hour FROM media_agenda_hours WHERE list = 'uploads'"
    assert await cassandra.execute(query) == []


async def test_an_upload_created_on_one_node_continues_on_another(nodes: list[CassandraUploadStaging]) -> None:
    one, other = nodes
    upload = MediaId(an_id())
    await one.append(upload, b"hello ", offset=0, durable=True)

    assert await other.size(upload) == 6
    await other.append(upload, b"world", offset=6, durable=True)
    assert (await one.local_copy(upload)).read_bytes() == b"hello world"
    assert (await one.local_copy(upload)).read_bytes() == b"hello world"

    await other.discard(upload)
    assert await one.size(upload) == 11  # its own copy, which is a work file
    await one.discard(upload)
    assert await one.size(upload) == 0


async def test_of_two_different_parts_at_one_offset_the_first_is_kept(nodes: list[CassandraUploadStaging]) -> None:
    one, other = nodes
    upload = MediaId(an_id())
    await one.append(upload, b"first", offset=0, durable=True)

    with pytest.raises(ChatlyError) as refused:
        await other.append(upload, b"second", offset=0, durable=True)

    assert refused.value.reason == MediaReason.WRONG_OFFSET
    assert (await other.local_copy(upload)).read_bytes() == b"first"
    await other.discard(upload)
