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
from services.presence.adapters.bus import BusEventPublisher, open_bus_event_feed
from services.presence.adapters.grpc import MessagingContactSource
from services.presence.adapters.memory import MemoryLeases
from services.presence.adapters.sqlite import open_sqlite_profile_store
from services.presence.api.grpc import PresenceServicer
from services.presence.connect import Connect, StreamTiming
from services.presence.contacts import ContactCache
from services.presence.hub import Hub
from services.presence.loops import ContactRefresh, ExpirySweep, LeaseRenewal
from services.presence.ports import ContactSource, EventFeed, EventPublisher, Leases, OnlineStates, ProfileStore
from services.presence.presences import EraseUser, GetPresence, PresenceLookup, PresencePublisher, SetStatus
from services.presence.settings import PresenceSettings


@asynccontextmanager
async def open_presence(settings: PresenceSettings, platform: Platform) -> AsyncIterator[Service]:
    """Open the service. It will read contact lists from messaging."""
    async with AsyncExitStack() as stack:
        stores = await stack.enter_async_context(_open_stores(platform))
        yield build_presence(
            settings,
            clock=platform.clock,
            leases=stores.leases,
            online=stores.online,
            profiles=stores.profiles,
            contacts=MessagingContactSource(channel=platform.service_channel("messaging")),
            events=BusEventPublisher(bus=platform.bus),
            feed=await stack.enter_async_context(open_bus_event_feed(platform.bus)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stores:
    leases: Leases
    online: OnlineStates
    profiles: ProfileStore


@asynccontextmanager
async def _open_stores(platform: Platform) -> AsyncIterator[_Stores]:
    """Open Redis and Cassandra if the platform has engines, else memory and `presence.db`."""
    if platform.engines is not None:
        from services.presence.adapters.cassandra.profiles import CassandraProfileStore
        from services.presence.adapters.redis import RedisLeases

        shared = RedisLeases(redis=platform.engines.redis)
        yield _Stores(leases=shared, online=shared, profiles=CassandraProfileStore(platform.engines.cassandra))
        return
    leases = MemoryLeases(clock=platform.clock)
    async with open_sqlite_profile_store(platform.data_dir / "presence.db") as profiles:
        yield _Stores(leases=leases, online=leases, profiles=profiles)


def build_presence(
    settings: PresenceSettings,
    *,
    clock: Clock,
    leases: Leases,
    online: OnlineStates,
    profiles: ProfileStore,
    contacts: ContactSource,
    events: EventPublisher,
    feed: EventFeed,
) -> Service:
    """Build one node over open adapters. Nodes with the same leases, profiles and bus work as one service."""
    lookup = PresenceLookup(online=online, profiles=profiles, clock=clock)
    publisher = PresencePublisher(online=online, lookup=lookup, events=events)
    cache = ContactCache(source=contacts, clock=clock)
    hub = Hub(feed=feed, publisher=events, contacts=cache)
    renewal = LeaseRenewal(
        hub=hub,
        leases=leases,
        profiles=profiles,
        publisher=publisher,
        clock=clock,
        every=min(settings.renew_seconds, settings.grace_seconds / 3),
        ttl=settings.grace_seconds,
    )
    sweep = ExpirySweep(
        leases=leases, profiles=profiles, publisher=publisher, clock=clock, every=settings.sweep_seconds
    )
    refresh = ContactRefresh(hub=hub, contacts=cache, max_age=settings.contacts_seconds)
    connect = Connect(
        hub=hub,
        leases=leases,
        lookup=lookup,
        publisher=publisher,
        contacts=cache,
        ids=HybridClock(clock=clock),
        random=SystemRandom(),
        timing=_timing(settings),
    )
    servicer = PresenceServicer(
        connect=connect,
        get_presence=GetPresence(contacts=cache, lookup=lookup),
        set_status=SetStatus(profiles=profiles, publisher=publisher, clock=clock),
        erase_user=EraseUser(profiles=profiles, publisher=publisher),
    )

    async def drain() -> None:
        await renewal.store_last_seen()
        hub.drain()

    online_users = metrics.gauge("chatly_presence_online_users", "Users with an open stream on this node.")
    online_users.set_function(lambda: len(hub.users()))
    return Service(
        name="presence",
        grpc_services=["chatly.presence.v1.PresenceService"],
        mount=[partial(add_PresenceServiceServicer_to_server, servicer)],
        loops={
            "presence events": hub.run,
            "presence publisher": publisher.run,
            "presence leases": renewal.run,
            "presence sweep": sweep.run,
            "presence contacts": refresh.run,
        },
        drain=drain,
    )


def _timing(settings: PresenceSettings) -> StreamTiming:
    return StreamTiming(
        grace=settings.grace_seconds,
        flush=settings.flush_seconds,
        keep_alive=settings.keep_alive_seconds,
        reconnect_spread=settings.reconnect_spread_seconds,
    )
