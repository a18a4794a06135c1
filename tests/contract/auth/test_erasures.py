"""Contract of ErasureStore, for every adapter."""

from datetime import timedelta

from kernel.ids import UserId
from services.auth.model import Erasure
from tests.builders import NOON, an_id
from tests.contract.auth.conftest import Stores

MINUTE = timedelta(minutes=1)


def an_erasure(minutes: int) -> Erasure:
    return Erasure(UserId(an_id()), NOON + minutes * MINUTE)


async def test_due_erasures_are_returned_oldest_first_until_done(stores: Stores) -> None:
    late, early, later = an_erasure(2), an_erasure(1), an_erasure(3)
    await stores.erasures.add([late, early, later])

    assert await stores.erasures.due(NOON, limit=10) == []
    assert await stores.erasures.due(NOON + 2 * MINUTE, limit=10) == [early, late]
    assert await stores.erasures.due(NOON + 2 * MINUTE, limit=1) == [early]

    await stores.erasures.done(early)
    await stores.erasures.done(early)

    assert await stores.erasures.due(NOON + 3 * MINUTE, limit=10) == [late, later]


async def test_an_account_has_several_erasures(stores: Stores) -> None:
    first = an_erasure(1)
    second = Erasure(first.user_id, NOON + 20 * MINUTE)
    await stores.erasures.add([first, second])
    await stores.erasures.add([first])

    await stores.erasures.done(first)

    assert await stores.erasures.due(NOON + 30 * MINUTE, limit=10) == [second]


async def test_an_erasure_remembers_whether_messages_are_deleted(stores: Stores) -> None:
    without = an_erasure(1)
    with_messages = Erasure(without.user_id, NOON + 2 * MINUTE, delete_messages=True)
    await stores.erasures.add([without, with_messages])

    assert await stores.erasures.due(NOON + 2 * MINUTE, limit=10) == [without, with_messages]

    await stores.erasures.done(with_messages)

    assert await stores.erasures.due(NOON + 2 * MINUTE, limit=10) == [without]
