from collections.abc import Collection, Mapping

import pytest

from history.chat_id import ChatId
from history.ports import ChatHead
from history.sqlite.reader import SqliteChatReader
from kernel.ids import UserId
from services.messaging.model import MAX_CONTACTS
from tests.unit.messaging.conftest import MaybePersist
from tests.unit.messaging.harness import Harness


async def test_contacts_are_the_distinct_users_who_share_a_chat_sorted(
    harness: Harness, maybe_persist: MaybePersist
) -> None:
    ann, bob, cid, dan, eve = harness.users(5)
    await harness.send(bob, ann)
    await harness.a_group(cid, ann, bob)
    await harness.send(dan, eve)
    await maybe_persist()

    assert await harness.service.chats.contacts(ann) == sorted([bob, cid])


async def test_blocked_blocking_and_deleted_users_are_not_contacts(harness: Harness) -> None:
    ann, bob, cid, dan, eve = harness.users(5)
    await harness.a_group(ann, bob, cid, dan, eve)
    harness.block(ann, bob)
    harness.block(cid, ann)
    harness.delete_account(dan)

    assert await harness.service.chats.contacts(ann) == [eve]


async def test_a_user_who_left_is_no_longer_a_contact(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob, cid = harness.users(3)
    group = (await harness.a_group(ann, bob, cid)).state.chat_id
    await harness.service.groups.leave(group, user_id=bob)
    await maybe_persist()

    assert await harness.service.chats.contacts(ann) == [cid]
    assert await harness.service.chats.contacts(bob) == []


async def test_a_group_is_read_once_for_all_its_members(
    harness: Harness, maybe_persist: MaybePersist, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, *others = harness.users(20)
    group = (await harness.a_group(ann, *others)).state.chat_id
    await maybe_persist()
    node = harness.another_node()
    read: list[ChatId] = []
    heads = SqliteChatReader.heads

    async def counting(
        reader: SqliteChatReader, ids: Collection[ChatId], *, only: UserId | None = None
    ) -> Mapping[ChatId, ChatHead]:
        read.extend(ids if only is None else ())
        return await heads(reader, ids, only=only)

    monkeypatch.setattr(SqliteChatReader, "heads", counting)
    for other in others:
        assert len(await node.servicer.chats.contacts(other)) == len(others)

    assert read == [group]


async def test_there_are_at_most_five_thousand_contacts(harness: Harness) -> None:
    ann = harness.a_user()
    for _ in range(MAX_CONTACTS // 499 + 1):
        await harness.a_group(ann, *harness.users(499))

    assert len(await harness.service.chats.contacts(ann)) == MAX_CONTACTS
