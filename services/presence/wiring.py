"""Builds the presence service."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from random import SystemRandom

from chatly.presence.v1.presence_service_pb2_grpc import add_PresenceServiceServicer_to_server

from kernel.ids import HybridClock
from kernel.platform import Platform
from kernel.service import Service
from kernel.telemetry import metrics
from kernel.time import Clock
from services.presence.adapters.bus.news import BusNewsSender, open_bus_news_feed
from services.presence.adapters.grpc.contacts import MessagingContactSource
from services.presence.adapters.memory.leases import MemoryLeases
from services.presence.adapters.sqlite.profiles import open_sqlite_profile_store
from services.presence.announcer import Announcer
from services.presence.api.grpc import PresenceServicer
from services.presence.connect import Connect, Pace
from services.presence.contact_refresh import ContactRefresh
from services.presence.contacts import ContactBook
from services.presence.get_presence import GetPresence
from services.presence.hub import Hub
from services.presence.lookup import PresenceLookup
from services.presence.ports import ContactSource, Leases, NewsFeed, NewsSender, ProfileStore, Reach
from services.presence.renewal import Renewal
from services.presence.set_status import SetStatus
from services.presence.settings import PresenceSettings
from services.presence.sweep import Sweep


@asynccontextmanager
async def open_presence(settings: PresenceSettings, platform: Platform) -> AsyncIterator[Service]:
    """The service, with contacts from messaging."""
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(_open_stores(platform))
        yield build_presence(
            settings,
            clock=platform.clock,
            leases=stores.leases,
            reach=stores.reach,
            profiles=stores.profiles,
            contacts=MessagingContactSource(channel=platform.service_channel("messaging")),
            sender=BusNewsSender(bus=platform.bus),
            feed=await stack.enter_async_context(open_bus_news_feed(platform.bus)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stores:
    """Who is online, and what is kept of everybody."""

    leases: Leases
    reach: Reach
    profiles: ProfileStore


@asynccontextmanager
async def _open_stores(platform: Platform) -> AsyncIterator[_Stores]:
    """Leases in memory and profiles in `presence.db`, or both where all nodes reach them: Redis and Cassandra."""
    if platform.engines is not None:
        from services.presence.adapters.cassandra.profiles import CassandraProfileStore
        from services.presence.adapters.redis.leases import RedisLeases

        shared = RedisLeases(redis=platform.engines.redis)
        yield _Stores(leases=shared, reach=shared, profiles=CassandraProfileStore(platform.engines.cassandra))
        return
    leases = MemoryLeases(clock=platform.clock)
    async with open_sqlite_profile_store(platform.data_dir / "presence.db") as profiles:
        yield _Stores(leases=leases, reach=leases, profiles=profiles)


def build_presence(
    settings: PresenceSettings,
    *,
    clock: Clock,
    leases: Leases,
    reach: Reach,
    profiles: ProfileStore,
    contacts: ContactSource,
    sender: NewsSender,
    feed: NewsFeed,
) -> Service:
    """One node over adapters that are open. Nodes that share leases, profiles and the bus are one service."""
    lookup = PresenceLookup(reach=reach, profiles=profiles, clock=clock)
    announcer = Announcer(reach=reach, lookup=lookup, sender=sender)
    book = ContactBook(source=contacts, clock=clock)
    hub = Hub(feed=feed, sender=sender, book=book)
    renewal = Renewal(
        hub=hub,
        leases=leases,
        profiles=profiles,
        announcer=announcer,
        clock=clock,
        every=min(settings.renew_seconds, settings.grace_seconds / 3),
        ttl=settings.grace_seconds,
    )
    sweep = Sweep(leases=leases, profiles=profiles, announcer=announcer, clock=clock, every=settings.sweep_seconds)
    refresh = ContactRefresh(hub=hub, book=book, max_age=settings.contacts_seconds)
    connect = Connect(
        hub=hub,
        leases=leases,
        lookup=lookup,
        announcer=announcer,
        book=book,
        ids=HybridClock(clock=clock),
        chance=SystemRandom(),
        pace=_pace(settings),
    )
    servicer = PresenceServicer(
        connect=connect,
        get_presence=GetPresence(book=book, lookup=lookup),
        set_status=SetStatus(profiles=profiles, announcer=announcer, clock=clock),
    )

    async def drain() -> None:
        await renewal.note()
        hub.drain()

    online_users = metrics.gauge("chatly_presence_online_users", "Users with an open stream on this node.")
    online_users.set_function(lambda: len(hub.users()))
    return Service(
        name="presence",
        grpc_services=["chatly.presence.v1.PresenceService"],
        mount=[partial(add_PresenceServiceServicer_to_server, servicer)],
        loops={
            "presence news": hub.run,
            "presence announcements": announcer.run,
            "presence leases": renewal.run,
            "presence sweep": sweep.run,
            "presence contacts": refresh.run,
        },
        drain=drain,
    )


def _pace(settings: PresenceSettings) -> Pace:
    return Pace(
        grace=settings.grace_seconds,
        flush=settings.flush_seconds,
        keep_alive=settings.keep_alive_seconds,
        spread=settings.reconnect_spread_seconds,
    )
