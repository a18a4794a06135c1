from collections.abc import Collection, Mapping

import pytest

from history.chat_id import ChatId
from history.ports import ChatHead
from history.sqlite.reader import SqliteChatReader
from kernel.ids import UserId
from services.messaging.model import MAX_CONTACTS
from tests.unit.messaging.conftest import Kept
from tests.unit.messaging.rig import Rig


async def test_contacts_are_all_who_share_a_chat_sorted_and_once(rig: Rig, kept: Kept) -> None:
    ann, bob, cid, dan, eve = rig.users(5)
    await rig.say(bob, ann)
    await rig.a_group(cid, ann, bob)
    await rig.say(dan, eve)
    await kept()

    assert await rig.use.list_contacts(ann) == sorted([bob, cid])


async def test_those_who_block_or_are_blocked_or_deleted_are_left_out(rig: Rig) -> None:
    ann, bob, cid, dan, eve = rig.users(5)
    await rig.a_group(ann, bob, cid, dan, eve)
    rig.block(ann, bob)
    rig.block(cid, ann)
    rig.delete_account(dan)

    assert await rig.use.list_contacts(ann) == [eve]


async def test_who_left_is_no_contact_any_more(rig: Rig, kept: Kept) -> None:
    ann, bob, cid = rig.users(3)
    group = (await rig.a_group(ann, bob, cid)).state.chat_id
    await rig.use.leave_group(group, user_id=bob)
    await kept()

    assert await rig.use.list_contacts(ann) == [cid]
    assert await rig.use.list_contacts(bob) == []


async def test_a_group_is_read_once_for_all_who_are_in_it(
    rig: Rig, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, *others = rig.users(20)
    group = (await rig.a_group(ann, *others)).state.chat_id
    await kept()
    node = rig.another_node()
    read: list[ChatId] = []
    heads = SqliteChatReader.heads

    async def counting(
        reader: SqliteChatReader, ids: Collection[ChatId], *, only: UserId | None = None
    ) -> Mapping[ChatId, ChatHead]:
        read.extend(ids if only is None else ())
        return await heads(reader, ids, only=only)

    monkeypatch.setattr(SqliteChatReader, "heads", counting)
    for other in others:
        assert len(await node.use.list_contacts(other)) == len(others)

    assert read == [group]


async def test_there_are_at_most_five_thousand(rig: Rig) -> None:
    ann = rig.a_user()
    for _ in range(MAX_CONTACTS // 499 + 1):
        await rig.a_group(ann, *rig.users(499))

    assert len(await rig.use.list_contacts(ann)) == MAX_CONTACTS
