"""The hot tail and the claims of sends: of this process, or of all nodes with those of this process as a spare."""

from functools import partial

from history.open import HistoryStore
from history.ports import HotTail, SendClaims
from history.unstored.memory_claims import MemorySendClaims
from history.unstored.memory_tail import MemoryHotTail
from history.unstored.refill import refill
from kernel.platform import Platform


def open_tail(platform: Platform, store: HistoryStore, *, log_id: str) -> tuple[HotTail, SendClaims]:
    """Empty as far as this process is concerned: refill it."""
    tail, claims = MemoryHotTail(), MemorySendClaims()
    if platform.engines is None:
        return tail, claims
    from history.unstored.fallback_claims import SpareSendClaims
    from history.unstored.fallback_tail import SpareHotTail
    from history.unstored.redis_claims import RedisSendClaims
    from history.unstored.redis_tail import RedisHotTail

    shared = RedisHotTail(redis=platform.engines.redis, log_id=log_id)
    spared = SpareHotTail(
        shared=shared,
        spare=tail,
        refill=partial(refill, tail=shared, log=platform.log_reader, events=store.events),
        events=store.events,
        clock=platform.clock,
    )
    return spared, SpareSendClaims(shared=RedisSendClaims(redis=platform.engines.redis), spare=claims)
