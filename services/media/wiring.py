"""Builds the media service."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from uuid import UUID

from chatly.media.v1.media_service_pb2_grpc import add_MediaServiceServicer_to_server

from kernel.blob.folder import FolderBlobStore
from kernel.blob.ports import BlobStore
from kernel.locks import KeyedLock
from kernel.log.followed_log import FollowedLog, LogBookmark
from kernel.log.ports import LogConsumer
from kernel.platform import Engines, Platform
from kernel.service import HealthCheck, Service
from kernel.sqlite.database import open_sqlite
from kernel.time import Clock
from services.media.adapters.folder import FolderUploadStaging
from services.media.adapters.grpc import (
    CachedGroupMessages,
    GrpcGroupMessages,
    GrpcOwnData,
    GrpcProfiles,
    GrpcStoredMessages,
)
from services.media.adapters.sqlite.media import (
    SCHEMA,
    SqliteLogBookmark,
    SqliteMediaStore,
    SqliteSentFiles,
    SqliteUploadStore,
    SqliteUserPictures,
)
from services.media.adapters.sqlite.removals import SqliteComparisonProgress, SqlitePendingRemovals
from services.media.api.grpc import MediaServicer
from services.media.api.http.downloads import DownloadApi
from services.media.api.http.export import ExportApi
from services.media.api.http.uploads import ProfileApi, UploadApi
from services.media.api.mapping import log_change
from services.media.check_file import CheckFile
from services.media.check_known_sends import CheckKnownSends
from services.media.collect_garbage import CollectGarbage
from services.media.compare_with_store import CompareWithStore
from services.media.complete_upload import CompleteUpload
from services.media.confirm_removals import ConfirmRemovals
from services.media.downloads import Download, GetDownloadUrl, LinkSigner
from services.media.erase_user import EraseUser
from services.media.export import ExportData, ExportLimit
from services.media.finish_upload import FinishUpload
from services.media.follow_log import GROUP, FollowLog
from services.media.get_media import GetMedia
from services.media.model import MediaId
from services.media.ports import (
    ComparisonProgress,
    MediaStore,
    PendingRemovals,
    SentFiles,
    UploadStaging,
    UploadStore,
    UserPictures,
)
from services.media.purge_deleted import PurgeDeleted
from services.media.settings import MediaSettings
from services.media.upload import BodyTime, Upload
from services.media.uploads import Uploads

if TYPE_CHECKING:
    from kernel.cassandra.session import CassandraSession

# How long a call waits for unread records: a chat member may request a file before this service has read its message.
_MAX_WAIT_SECONDS = 2.0
_COMPARE_SECONDS = 5.0
_MAX_IDLE_SECONDS = 60.0
_NO_FILE = MediaId(str(UUID(int=0)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stores:
    """The open adapters, one per port."""

    uploads: UploadStore
    media: MediaStore
    sent: SentFiles
    pictures: UserPictures
    bookmark: LogBookmark
    removals: PendingRemovals
    comparison: ComparisonProgress
    staging: UploadStaging
    blobs: BlobStore
    health: Mapping[str, HealthCheck]


@asynccontextmanager
async def open_media(settings: MediaSettings, platform: Platform) -> AsyncIterator[Service]:
    """Open the service with its HTTP API, log follower and garbage collection."""
    async with _open_stores(platform) as stores, _image_workers(settings.image_workers) as workers:
        followed = _followed_log(platform, stores)
        async with followed.consumer(GROUP) as consumer:
            yield _build(settings, platform, stores, workers=workers, followed=followed, consumer=consumer)


def _followed_log(platform: Platform, stores: _Stores) -> FollowedLog:
    return FollowedLog(
        log=platform.log_reader, consumer=platform.log_consumer, bookmark=stores.bookmark, clock=platform.clock
    )


def _build(
    settings: MediaSettings,
    platform: Platform,
    stores: _Stores,
    *,
    workers: Executor,
    followed: FollowedLog,
    consumer: LogConsumer,
) -> Service:
    limits, clock, locks = settings.limits(), platform.clock, KeyedLock()
    purge = PurgeDeleted(media=stores.media, blobs=stores.blobs)
    stored = GrpcStoredMessages(platform.service_channel("messaging"))
    confirm = ConfirmRemovals(
        pending=stores.removals,
        stored=stored,
        sent=stores.sent,
        purge=purge,
        clock=clock,
    )
    compare = CompareWithStore(
        log=followed, stored=stored, sent=stores.sent, progress=stores.comparison, confirm=confirm
    )
    follow = FollowLog(
        consumer=consumer,
        decode=log_change,
        sent=stores.sent,
        bookmark=stores.bookmark,
        removals=stores.removals,
        on_removals=confirm.wake,
        clock=clock,
    )
    uploads = Uploads(
        uploads=stores.uploads,
        staging=stores.staging,
        media=stores.media,
        purge=purge,
        locks=locks,
        limits=limits,
        clock=clock,
    )
    finish = FinishUpload(
        staging=stores.staging, media=stores.media, blobs=stores.blobs, workers=workers, limits=limits, clock=clock
    )
    upload = Upload(uploads=uploads, staging=stores.staging, finish=finish, at_once=settings.uploads_at_once)
    body_time = BodyTime(total_seconds=settings.body_seconds, idle_seconds=_MAX_IDLE_SECONDS)
    unsent_lifetime = timedelta(days=settings.unsent_days)
    get_media = GetMedia(
        media=stores.media,
        sent=stores.sent,
        log=follow,
        groups=CachedGroupMessages(GrpcGroupMessages(platform.user_channel("messaging")), clock=clock),
        clock=clock,
        unsent_lifetime=unsent_lifetime,
        max_wait=_MAX_WAIT_SECONDS,
    )
    download = Download(blobs=stores.blobs)
    signer = LinkSigner(secret=platform.service_secret, clock=clock, lifetime=timedelta(seconds=settings.link_seconds))
    collect = CollectGarbage(
        store=stores.uploads,
        uploads=uploads,
        sent=stores.sent,
        sends=CheckKnownSends(log=followed, stored=stored, compare=compare),
        purge=purge,
        locks=locks,
        clock=clock,
        unsent_lifetime=unsent_lifetime,
    )
    export = ExportData(
        own=GrpcOwnData(
            auth=platform.user_channel("auth"),
            presence=platform.user_channel("presence"),
            messaging=platform.user_channel("messaging"),
            auth_as_service=platform.service_channel("auth"),
            clock=clock,
        ),
        media=stores.media,
        pictures=stores.pictures,
        blobs=stores.blobs,
        clock=clock,
    )
    servicer = MediaServicer(
        upload=upload,
        body_time=body_time,
        uploads=uploads,
        complete_upload=CompleteUpload(uploads=uploads, finish=finish, media=stores.media, locks=locks),
        get_media=get_media,
        download=download,
        get_download_url=GetDownloadUrl(get=get_media, signer=signer),
        erase_user=EraseUser(pictures=stores.pictures, log=follow, purge=purge, max_wait=_MAX_WAIT_SECONDS),
    )
    return Service(
        name="media",
        grpc_services=["chatly.media.v1.MediaService"],
        mount=[partial(add_MediaServiceServicer_to_server, servicer)],
        routes=[
            UploadApi(upload=upload, body_time=body_time).route(),
            ProfileApi(
                upload=upload, body_time=body_time, profiles=GrpcProfiles(platform.user_channel("auth"))
            ).route(),
            DownloadApi(get=get_media, download=download, signer=signer).route(),
            ExportApi(export=export, limit=ExportLimit(), clock=clock).route(),
        ],
        loops={
            "follow_log": follow.run,
            "confirm_removals": confirm.run,
            "compare_with_store": partial(compare.run, _COMPARE_SECONDS),
            "collect_garbage": partial(collect.run, settings.collect_seconds),
        },
        health=stores.health,
    )


@asynccontextmanager
async def _open_stores(platform: Platform) -> AsyncIterator[_Stores]:
    """Open Cassandra and S3 if the platform has engines, else `media.db` and a folder of blobs."""
    if platform.engines is not None:
        async with _open_distributed(platform, platform.engines) as stores:
            yield stores
        return
    folder = platform.data_dir / "media"
    blobs = FolderBlobStore(folder / "blobs")
    await blobs.open()
    async with open_sqlite(platform.data_dir / "media.db", SCHEMA) as database:
        media = SqliteMediaStore(database)
        yield _Stores(
            uploads=SqliteUploadStore(database),
            media=media,
            sent=SqliteSentFiles(database),
            pictures=SqliteUserPictures(database),
            bookmark=SqliteLogBookmark(database),
            removals=SqlitePendingRemovals(database),
            comparison=SqliteComparisonProgress(database),
            staging=FolderUploadStaging(folder / "staging"),
            blobs=blobs,
            health={"store": media.health, "blobs": blobs.health},
        )


@asynccontextmanager
async def _open_distributed(platform: Platform, engines: Engines) -> AsyncIterator[_Stores]:
    from services.media.adapters.cassandra.stores import open_cassandra_media_stores
    from services.media.adapters.cassandra.upload_staging import CassandraUploadStaging

    stores = open_cassandra_media_stores(engines.cassandra, clock=platform.clock)
    with TemporaryDirectory(prefix="chatly-media-") as folder:
        async with engines.open_blobs() as blobs:
            local = FolderUploadStaging(Path(folder))
            yield _Stores(
                uploads=stores.uploads,
                media=stores.media,
                sent=stores.sent,
                pictures=stores.pictures,
                bookmark=stores.bookmark,
                removals=stores.removals,
                comparison=stores.comparison,
                staging=CassandraUploadStaging(engines.cassandra, blobs=blobs, local=local),
                blobs=blobs,
                health={"store": partial(_check_store, stores.media), "blobs": blobs.health},
            )


async def _check_store(media: MediaStore) -> str | None:
    await media.find(_NO_FILE)
    return None


@asynccontextmanager
async def open_file_check(data_dir: Path, *, read_all: bool) -> AsyncIterator[CheckFile]:
    """Open the check of files in a data folder, on which a mesh may be running."""
    # The blob store is not opened: that removes unfinished files, which a running mesh is writing.
    blobs = FolderBlobStore(data_dir / "media" / "blobs")
    async with open_sqlite(data_dir / "media.db", SCHEMA) as database:
        yield CheckFile(media=SqliteMediaStore(database), blobs=blobs, read_all=read_all)


def engine_file_check(session: "CassandraSession", blobs: BlobStore, *, clock: Clock, read_all: bool) -> CheckFile:
    """Build the check of files in Cassandra and S3. The session needs media's schema."""
    from services.media.adapters.cassandra.stores import open_cassandra_media_stores

    return CheckFile(media=open_cassandra_media_stores(session, clock=clock).media, blobs=blobs, read_all=read_all)


@asynccontextmanager
async def _image_workers(count: int) -> AsyncIterator[ThreadPoolExecutor]:
    workers = ThreadPoolExecutor(count, thread_name_prefix="media-image")
    try:
        yield workers
    finally:
        await asyncio.to_thread(workers.shutdown)
