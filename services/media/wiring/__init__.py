"""Builds the media service. The only place that knows all its parts."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from chatly.media.v1.media_service_pb2_grpc import add_MediaServiceServicer_to_server
from starlette.routing import Route

from kernel.locks import KeyedLock
from kernel.platform import Platform
from kernel.service import Service
from services.media.adapters.grpc.group_members import CachedGroupMembers, GrpcGroupMembers
from services.media.adapters.grpc.profiles import GrpcProfiles
from services.media.api.grpc import MediaServicer, MediaUseCases
from services.media.api.http.downloads import DownloadDoor
from services.media.api.http.profile import ProfileDoor
from services.media.api.http.uploads import UploadDoor
from services.media.api.mapping import log_change
from services.media.collect_garbage import CollectGarbage
from services.media.complete_upload import CompleteUpload
from services.media.create_upload import CreateUpload
from services.media.download import Download
from services.media.finish_upload import FinishUpload
from services.media.follow_log import GROUP, FollowLog
from services.media.get_download_url import GetDownloadUrl
from services.media.get_media import GetMedia
from services.media.get_upload import GetUpload
from services.media.give_up_upload import GiveUpUpload
from services.media.ports import LogNews
from services.media.remove_bytes import RemoveBytes
from services.media.settings import MediaSettings
from services.media.signing import LinkSigner
from services.media.upload import Upload
from services.media.upload_part import UploadPart
from services.media.wiring.stores import Stores, open_stores

# A member of a chat may ask for a file a moment before this service has read of its message.
_PATIENCE_SECONDS = 2.0


@asynccontextmanager
async def open_media(settings: MediaSettings, platform: Platform) -> AsyncIterator[Service]:
    """MediaService with its HTTP door, its follower of the log, and its collector of what nobody needs."""
    async with (
        open_stores(platform) as stores,
        _image_workers(settings.image_workers) as workers,
        platform.log_consumer(GROUP) as consumer,
    ):
        remove_bytes = RemoveBytes(media=stores.media, blobs=stores.blobs)
        follow = FollowLog(consumer=consumer, decode=log_change, sent=stores.sent, remove_bytes=remove_bytes)
        give_up = GiveUpUpload(
            uploads=stores.uploads, staging=stores.staging, media=stores.media, remove_bytes=remove_bytes
        )
        locks = KeyedLock()
        collect = CollectGarbage(
            uploads=stores.uploads,
            sent=stores.sent,
            news=follow,
            give_up=give_up,
            remove_bytes=remove_bytes,
            locks=locks,
            clock=platform.clock,
            unsent_lifetime=timedelta(days=settings.unsent_days),
        )
        signer = LinkSigner(
            secret=platform.service_secret, clock=platform.clock, lifetime=timedelta(seconds=settings.link_seconds)
        )
        use = _use_cases(settings, platform, stores, workers, news=follow, give_up=give_up, locks=locks, signer=signer)
        yield Service(
            name="media",
            grpc_services=["chatly.media.v1.MediaService"],
            mount=[partial(add_MediaServiceServicer_to_server, MediaServicer(use))],
            routes=_routes(use, signer, platform),
            loops={"follow_log": follow.run, "collect_garbage": partial(collect.run, settings.collect_seconds)},
            health=stores.health,
        )


def _use_cases(
    settings: MediaSettings,
    platform: Platform,
    stores: Stores,
    workers: Executor,
    *,
    news: LogNews,
    give_up: GiveUpUpload,
    locks: KeyedLock,
    signer: LinkSigner,
) -> MediaUseCases:
    limits, clock, media, staging = settings.limits(), platform.clock, stores.media, stores.staging
    groups = CachedGroupMembers(GrpcGroupMembers(platform.user_channel("messaging")), clock=clock)
    create = CreateUpload(uploads=stores.uploads, limits=limits, clock=clock)
    get_upload = GetUpload(uploads=stores.uploads, staging=staging, clock=clock)
    finish = FinishUpload(staging=staging, media=media, blobs=stores.blobs, workers=workers, limits=limits, clock=clock)
    get = GetMedia(media=media, sent=stores.sent, news=news, groups=groups, patience=_PATIENCE_SECONDS)
    return MediaUseCases(
        upload=Upload(create=create, staging=staging, finish=finish, give_up=give_up),
        create_upload=create,
        upload_part=UploadPart(get=get_upload, staging=staging, locks=locks),
        get_upload=get_upload,
        complete_upload=CompleteUpload(get=get_upload, finish=finish, give_up=give_up, media=media, locks=locks),
        get_media=get,
        download=Download(blobs=stores.blobs),
        get_download_url=GetDownloadUrl(get=get, signer=signer),
    )


def _routes(use: MediaUseCases, signer: LinkSigner, platform: Platform) -> list[Route]:
    return [
        UploadDoor(upload=use.upload).route(),
        ProfileDoor(upload=use.upload, profiles=GrpcProfiles(platform.user_channel("auth"))).route(),
        DownloadDoor(get=use.get_media, download=use.download, signer=signer).route(),
    ]


@asynccontextmanager
async def _image_workers(count: int) -> AsyncIterator[ThreadPoolExecutor]:
    workers = ThreadPoolExecutor(count, thread_name_prefix="media-image")
    try:
        yield workers
    finally:
        await asyncio.to_thread(workers.shutdown)
