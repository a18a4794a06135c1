"""Builds the persister."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from chatly.persister.v1.persister_service_pb2_grpc import add_PersisterServiceServicer_to_server

from history.open import HistoryStore
from history.traced_writer import TracedRecordWriter
from kernel.log.ports import LogConsumer
from kernel.platform import Platform
from kernel.service import Service
from services.persister.announce import Announce
from services.persister.api.grpc import PersisterServicer
from services.persister.list_dead_letters import ListDeadLetters
from services.persister.persist import Persist
from services.persister.progress import Progress
from services.persister.replay_dead_letters import ReplayDeadLetters
from services.persister.settings import PersisterSettings
from services.persister.status import GetStatus
from services.persister.take_up import TakeUp
from services.persister.watch import Watch

GROUP = "persister"


@asynccontextmanager
async def open_persister(
    settings: PersisterSettings, platform: Platform, history: HistoryStore
) -> AsyncIterator[Service]:
    """The persister between the platform's log and a store. `history` stays its opener's to close."""
    announce = Announce(bus=platform.bus, log=platform.log)
    take_up = TakeUp(log=platform.log_reader, events=history.events, announce=announce, batch_size=settings.batch_size)
    async with platform.log_consumer(GROUP, resume=take_up) as consumer:
        yield _service(settings, platform, history, consumer, announce)


def _service(
    settings: PersisterSettings, platform: Platform, history: HistoryStore, consumer: LogConsumer, announce: Announce
) -> Service:
    progress = Progress(clock=platform.clock)
    status = GetStatus(
        consumer=consumer,
        log=platform.log_reader,
        events=history.events,
        dead_letters=history.dead_letters,
        progress=progress,
    )
    persist = Persist(
        consumer=consumer,
        writer=TracedRecordWriter(history.writer),
        announce=announce,
        progress=progress,
        clock=platform.clock,
        batch_size=settings.batch_size,
        wait_seconds=settings.wait_seconds,
        commit_seconds=settings.commit_seconds,
        linger_seconds=settings.linger_seconds,
    )
    watch = Watch(consumer=consumer, status=status, progress=progress)
    servicer = PersisterServicer(
        get_status=status,
        list_dead_letters=ListDeadLetters(dead_letters=history.dead_letters),
        replay_dead_letters=ReplayDeadLetters(dead_letters=history.dead_letters, log=platform.log),
    )
    return Service(
        name="persister",
        grpc_services=("chatly.persister.v1.PersisterService",),
        mount=(partial(add_PersisterServiceServicer_to_server, servicer),),
        loops={"persist": persist.run, "watch": watch.run},
        health={"persisting": watch.health},
    )
