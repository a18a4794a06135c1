"""The hot tail and the claims of sends: of this process, or of all nodes with those of this process as a spare."""

from functools import partial

from history.open import HistoryStore
from history.ports import HotTail, SendClaims
from history.unstored.memory import MemoryHotTail, MemorySendClaims
from history.unstored.refill import refill
from kernel.platform import Platform


def open_tail(platform: Platform, store: HistoryStore, *, log_id: str) -> tuple[HotTail, SendClaims]:
    """Empty as far as this process is concerned: refill it."""
    tail, claims = MemoryHotTail(), MemorySendClaims()
    if platform.engines is None:
        return tail, claims
    from history.unstored.fallback import FallbackHotTail, FallbackSendClaims
    from history.unstored.redis import RedisHotTail, RedisSendClaims

    shared = RedisHotTail(redis=platform.engines.redis, log_id=log_id)
    spared = FallbackHotTail(
        shared=shared,
        own=tail,
        refill=partial(refill, tail=shared, log=platform.log_reader, events=store.events),
        events=store.events,
        clock=platform.clock,
    )
    return spared, FallbackSendClaims(shared=RedisSendClaims(redis=platform.engines.redis), own=claims)
