"""Contract of AccountStore and AccountChanges, for every adapter."""

import asyncio
from datetime import timedelta

import pytest

from kernel.errors import ChatlyError, Reason
from kernel.ids import UserId
from services.auth.errors import AuthReason
from services.auth.model import Account, ProfileChange
from services.auth.names import fold
from tests.builders import NOON, an_id
from tests.contract.auth.builders import an_account
from tests.contract.auth.conftest import Stores

LATER = NOON + timedelta(hours=1)


async def read(stores: Stores, account: Account) -> Account | None:
    return (await stores.accounts.get([account.user_id])).get(account.user_id)


async def test_an_account_is_read_back_by_id_and_by_folded_address(stores: Stores) -> None:
    account = an_account("Alice", email="Alice@Example.org")
    await stores.accounts.add(account)

    assert await read(stores, account) == account
    assert await stores.accounts.find_by_email("alice@example.org") == account


async def test_unknown_ids_are_absent_and_repeated_ids_are_returned_once(stores: Stores) -> None:
    account = an_account()
    await stores.accounts.add(account)

    found = await stores.accounts.get([account.user_id, UserId(an_id()), account.user_id])

    assert found == {account.user_id: account}
    assert await stores.accounts.get([]) == {}


async def test_an_unknown_address_has_no_account(stores: Stores) -> None:
    assert await stores.accounts.find_by_email("nobody@example.org") is None


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (an_account("Bob", email="ALICE@example.ORG"), AuthReason.EMAIL_TAKEN),
        (an_account("aLICE", email="bob@example.org"), AuthReason.USERNAME_TAKEN),
    ],
)
async def test_names_that_differ_in_case_are_taken(stores: Stores, other: Account, reason: Reason) -> None:
    await stores.accounts.add(an_account("Alice", email="alice@example.org"))

    with pytest.raises(ChatlyError) as rejected:
        await stores.accounts.add(other)

    assert rejected.value.reason == reason
    assert await read(stores, other) is None


async def test_a_rejected_account_reserves_nothing(stores: Stores) -> None:
    await stores.accounts.add(an_account("Alice", email="alice@example.org"))
    with pytest.raises(ChatlyError):
        await stores.accounts.add(an_account("alice", email="free@example.org"))

    await stores.accounts.add(an_account("Free", email="FREE@example.org"))


async def test_of_concurrent_accounts_with_one_name_one_is_stored(stores: Stores) -> None:
    names = ["Alice" if number % 2 else "ALICE" for number in range(20)]

    outcomes = await asyncio.gather(*(stores.accounts.add(an_account(name)) for name in names), return_exceptions=True)

    refused = [outcome for outcome in outcomes if outcome is not None]
    assert len(refused) == 19
    assert all(isinstance(error, ChatlyError) and error.reason == AuthReason.USERNAME_TAKEN for error in refused)


async def test_a_change_updates_the_given_fields_and_the_time(stores: Stores) -> None:
    account = an_account("Alice")
    await stores.accounts.add(account)

    changed = await stores.changes.change_profile(account.user_id, ProfileChange(bio="Hi"), at=LATER)

    assert changed is not None
    assert (changed.username, changed.bio, changed.updated_at) == ("Alice", "Hi", LATER)
    assert await read(stores, account) == changed


async def test_an_empty_text_clears_a_field(stores: Stores) -> None:
    account = an_account()
    await stores.accounts.add(account)
    await stores.changes.change_profile(account.user_id, ProfileChange(bio="Hi", avatar_media_id=an_id()), at=LATER)

    changed = await stores.changes.change_profile(account.user_id, ProfileChange(bio="", avatar_media_id=""), at=LATER)

    assert changed is not None
    assert (changed.bio, changed.avatar_media_id) == ("", "")


async def test_a_taken_name_changes_nothing(stores: Stores) -> None:
    account = an_account("Alice")
    await stores.accounts.add(account)
    await stores.accounts.add(an_account("Bob"))

    with pytest.raises(ChatlyError) as rejected:
        await stores.changes.change_profile(account.user_id, ProfileChange(username="BOB", bio="Hi"), at=LATER)

    assert rejected.value.reason == AuthReason.USERNAME_TAKEN
    assert await read(stores, account) == account


async def test_users_may_change_the_case_of_their_name(stores: Stores) -> None:
    account = an_account("alice")
    await stores.accounts.add(account)

    changed = await stores.changes.change_profile(account.user_id, ProfileChange(username="Alice"), at=LATER)

    assert changed is not None
    assert changed.username == "Alice"
    with pytest.raises(ChatlyError):
        await stores.accounts.add(an_account("ALICE"))


async def test_the_old_name_is_free_after_a_rename(stores: Stores) -> None:
    account = an_account("Alice")
    await stores.accounts.add(account)

    await stores.changes.change_profile(account.user_id, ProfileChange(username="Alix"), at=LATER)

    await stores.accounts.add(an_account("alice"))
    with pytest.raises(ChatlyError):
        await stores.accounts.add(an_account("ALIX"))


async def test_of_two_password_changes_the_first_wins(stores: Stores) -> None:
    account = an_account()
    await stores.accounts.add(account)
    old = account.password_hash

    first = await stores.changes.set_password(account.user_id, old_hash=old, new_hash=b"first")
    second = await stores.changes.set_password(account.user_id, old_hash=old, new_hash=b"second")

    assert first is not None
    assert first.password_hash == b"first"
    assert second is None
    assert await read(stores, account) == first


async def test_a_deleted_account_keeps_only_its_id_and_times(stores: Stores) -> None:
    account = an_account("Alice", email="alice@example.org")
    await stores.accounts.add(account)
    await stores.changes.change_profile(account.user_id, ProfileChange(bio="Hi", avatar_media_id=an_id()), at=NOON)

    tombstone = await stores.changes.delete(account.user_id, at=LATER)

    assert tombstone == Account(
        user_id=account.user_id,
        username="",
        email="",
        password_hash=b"",
        created_at=NOON,
        updated_at=LATER,
        deleted_at=LATER,
    )
    assert await read(stores, account) == tombstone
    assert await stores.accounts.find_by_email(fold(account.email)) is None
    await stores.accounts.add(an_account("ALICE", email="ALICE@example.org"))


async def test_deleted_and_unknown_accounts_cannot_be_changed(stores: Stores) -> None:
    account = an_account()
    await stores.accounts.add(account)
    await stores.changes.delete(account.user_id, at=LATER)

    for user_id in (account.user_id, UserId(an_id())):
        assert await stores.changes.change_profile(user_id, ProfileChange(username="Alice"), at=LATER) is None
        assert await stores.changes.set_password(user_id, old_hash=b"", new_hash=b"new") is None
        assert await stores.changes.delete(user_id, at=LATER) is None
    await stores.accounts.add(an_account("Alice"))
