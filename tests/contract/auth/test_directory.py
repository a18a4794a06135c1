"""Contract of UserDirectory, for every adapter."""

from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.auth.model import ProfileChange
from services.auth.names import fold
from tests.builders import NOON
from tests.contract.auth.builders import an_account
from tests.contract.auth.conftest import Stores

NAMES = ["alice", "Alicia", "ALF", "bob", "Émile", "emil", "李小龙", "Zoé", "zoe2", "3cpo", "Ωmega"]


async def people(stores: Stores) -> None:
    for name in NAMES:
        await stores.accounts.add(an_account(name))


async def names(stores: Stores, *, prefix: str = "", after: str = "", limit: int = 100) -> list[str]:
    return [each.username for each in await stores.directory.page(prefix=prefix, after=after, limit=limit)]


async def test_users_are_sorted_by_folded_name(stores: Stores) -> None:
    await people(stores)

    assert await names(stores) == sorted(NAMES, key=fold)


async def test_pages_have_no_gaps_and_no_repeats(stores: Stores) -> None:
    await people(stores)
    seen: list[str] = []
    while page := await names(stores, after=fold(seen[-1]) if seen else "", limit=3):
        assert len(page) <= 3
        seen += page

    assert seen == sorted(NAMES, key=fold)


async def test_a_prefix_finds_names_that_start_with_it(stores: Stores) -> None:
    await people(stores)

    assert await names(stores, prefix="ali") == ["alice", "Alicia"]
    assert await names(stores, prefix="ali", after="alice") == ["Alicia"]
    assert await names(stores, prefix="e") == ["emil", "Émile"]
    assert await names(stores, prefix="x") == []


async def test_a_prefix_is_not_a_pattern(stores: Stores) -> None:
    await people(stores)

    for pattern in ("%", "_", "*", "a%", "[a-z]", "\\"):
        assert await names(stores, prefix=pattern) == []


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(prefix=st.text(max_size=4))
async def test_any_prefix_finds_the_same_as_a_full_scan(stores: Stores, prefix: str) -> None:
    if not await names(stores):
        await people(stores)

    expected = sorted((name for name in NAMES if fold(name).startswith(fold(prefix))), key=fold)
    assert await names(stores, prefix=fold(prefix)) == expected


async def test_a_deleted_account_is_gone_and_a_renamed_one_moves(stores: Stores) -> None:
    gone, renamed = an_account("alice"), an_account("bob")
    await stores.accounts.add(gone)
    await stores.accounts.add(renamed)

    await stores.changes.delete(gone.user_id, at=NOON)
    await stores.changes.change_profile(renamed.user_id, ProfileChange(username="Zoe"), at=NOON + timedelta(seconds=1))

    assert await names(stores) == ["Zoe"]
