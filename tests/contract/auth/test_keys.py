"""Contract of KeyStore, for every adapter."""

import asyncio
from datetime import timedelta

from services.auth.keys import new_key
from tests.builders import NOON
from tests.contract.auth.conftest import Stores


async def test_keys_are_sorted_by_number(stores: Stores) -> None:
    first, second = new_key(1, signs_from=NOON), new_key(2, signs_from=NOON + timedelta(microseconds=1))

    assert await stores.keys.add(second)
    assert await stores.keys.add(first)

    assert await stores.keys.all() == [first, second]


async def test_of_concurrent_keys_with_one_number_one_is_stored(stores: Stores) -> None:
    keys = [new_key(1, signs_from=NOON) for _ in range(8)]

    added = await asyncio.gather(*(stores.keys.add(key) for key in keys))

    assert sum(added) == 1
    assert await stores.keys.all() == [keys[added.index(True)]]


async def test_a_removed_key_is_gone(stores: Stores) -> None:
    await stores.keys.add(new_key(1, signs_from=NOON))

    await stores.keys.remove(1)
    await stores.keys.remove(1)

    assert await stores.keys.all() == []
