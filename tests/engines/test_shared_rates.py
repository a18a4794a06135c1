"""Limits per user over several nodes with one Redis."""

from collections.abc import AsyncIterator

import pytest

from kernel.errors import ChatlyError, KernelReason
from kernel.grpc.context import UserCaller
from kernel.ids import SessionId
from kernel.rates import Rate, UserRates
from kernel.redis.handle import RedisHandle
from kernel.redis.rates import RatesExchange
from kernel.time import SystemClock
from tests.builders import NOON
from tests.engines.redis_installation import fresh_redis
from tests.unit.presence.harness import a_user

pytestmark = pytest.mark.engines("redis")
METHOD = "chatly.messaging.v1.MessagingService/CreateGroup"


@pytest.fixture
async def redis(redis_url: str, fresh_name: str) -> AsyncIterator[RedisHandle]:
    async with fresh_redis(redis_url, fresh_name) as opened:
        yield opened


def a_node(redis: RedisHandle) -> tuple[UserRates, RatesExchange]:
    rates = UserRates(clock=SystemClock(), factor=1)
    rates.declare(METHOD, Rate(10, 3_600))
    return rates, RatesExchange(redis=redis, rates=rates)


async def test_calls_on_one_node_count_on_the_others(redis: RedisHandle) -> None:
    ann, bob = (UserCaller(a_user(), SessionId("s"), NOON, "token") for _ in range(2))
    (one, of_one), (other, of_other) = a_node(redis), a_node(redis)
    for _ in range(6):
        one.admit(METHOD, ann)
    await of_one.run_once()
    other.admit(METHOD, ann)
    await of_other.run_once()

    for _ in range(3):
        other.admit(METHOD, ann)
    with pytest.raises(ChatlyError) as caught:
        other.admit(METHOD, ann)
    assert caught.value.reason == KernelReason.RATE_LIMITED
    other.admit(METHOD, bob)
