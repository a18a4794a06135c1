"""Builds the persister."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

from chatly.persister.v1.persister_service_pb2_grpc import add_PersisterServiceServicer_to_server

from history.open import HistoryStore
from history.stored_log import open_epoch_log, with_log
from kernel.log.epoch_log import EpochLog
from kernel.log.ports import LogConsumer
from kernel.platform import Platform
from kernel.service import Service
from services.persister.adapters.tracing import TracedRecordWriter
from services.persister.api.grpc import PersisterServicer
from services.persister.dead_letters import ListDeadLetters, ReplayDeadLetters
from services.persister.persist import Persist
from services.persister.progress import Progress
from services.persister.prune_log import PruneLog
from services.persister.publish_stored import PublishStored
from services.persister.resume_point import ResumePoint
from services.persister.settings import PersisterSettings
from services.persister.status import GetStatus, LagReporter, OldestUnstored

GROUP = "persister"
_FOLLOWERS = ("media",)
"""The other groups that read the log. They are behind for moments; old records wait for them."""


@asynccontextmanager
async def open_persister(
    settings: PersisterSettings, platform: Platform, history: HistoryStore, retention: timedelta | None
) -> AsyncIterator[Service]:
    """Open the persister between the platform's log and a store. The caller closes `history`.

    `retention`: how long the log keeps records; None: without a limit.
    """
    async with open_epoch_log(platform, history.log) as log:
        publish = PublishStored(bus=platform.bus, log=log)
        resume = ResumePoint(log=log, events=history.events, publish=publish, batch_size=settings.batch_size)
        async with log.consumer(GROUP, resume=resume) as consumer:
            service = _service(settings, with_log(platform, log), history, consumer, publish, retention=retention)
            loops = {**service.loops, **_pruning(platform, history, log, retention)}
            yield replace(service, loops=loops, warnings={**service.warnings, "log": log.unadopted})


def _pruning(
    platform: Platform, history: HistoryStore, log: EpochLog, retention: timedelta | None
) -> Mapping[str, Callable[[], Awaitable[None]]]:
    if platform.old_records is None or retention is None:
        return {}
    prune = PruneLog(
        records=platform.old_records,
        stored=history.events,
        ordinals=lambda: log.ordinals,
        clock=platform.clock,
        retention=retention,
        followers=_FOLLOWERS,
    )
    return {"prune log": prune.run}


def _service(
    settings: PersisterSettings,
    platform: Platform,
    history: HistoryStore,
    consumer: LogConsumer,
    publish: PublishStored,
    *,
    retention: timedelta | None,
) -> Service:
    oldest = OldestUnstored(platform.log_reader)
    progress = Progress(clock=platform.clock)
    status = GetStatus(
        consumer=consumer,
        log=platform.log_reader,
        events=history.events,
        dead_letters=history.dead_letters,
        oldest=oldest,
        progress=progress,
    )
    persist = Persist(
        consumer=consumer,
        writer=TracedRecordWriter(history.writer),
        publish=publish,
        progress=progress,
        clock=platform.clock,
        batch_size=settings.batch_size,
        wait_seconds=settings.wait_seconds,
        commit_seconds=settings.commit_seconds,
        linger_seconds=settings.linger_seconds,
    )
    lag = LagReporter(
        consumer=consumer,
        status=status,
        oldest=oldest,
        progress=progress,
        clock=platform.clock,
        retention=retention,
    )
    servicer = PersisterServicer(
        get_status=status,
        list_dead_letters=ListDeadLetters(dead_letters=history.dead_letters),
        replay_dead_letters=ReplayDeadLetters(dead_letters=history.dead_letters, log=platform.log),
    )
    return Service(
        name="persister",
        grpc_services=("chatly.persister.v1.PersisterService",),
        mount=(partial(add_PersisterServiceServicer_to_server, servicer),),
        loops={"persist": persist.run, "lag": lag.run},
        health={"persisting": lag.health},
        warnings={"lag": lag.warning},
    )
