from collections.abc import Collection, Mapping

import pytest

from history.chat_id import ChatId
from history.model import Role
from history.ports import ChatHead
from history.sqlite.reader import SqliteChatReader
from kernel.ids import UserId
from services.messaging.model import MAX_CONTACTS, ChatRef
from tests.unit.history.builders import ChatBuilder, records_of
from tests.unit.messaging.conftest import MaybePersist
from tests.unit.messaging.harness import Harness


async def test_contacts_are_the_distinct_users_who_wrote_in_a_shared_chat_sorted(
    harness: Harness, maybe_persist: MaybePersist
) -> None:
    ann, bob, cid, dan, eve = harness.users(5)
    await harness.send(bob, ann)
    group = (await harness.a_group(cid, ann, bob)).state.chat_id
    await harness.send(bob, group)
    await harness.send(dan, eve)
    await maybe_persist()

    assert await harness.service.chats.contacts(ann) == sorted([bob, cid])


async def test_a_stranger_who_writes_sees_nothing_until_the_other_answers(
    harness: Harness, maybe_persist: MaybePersist
) -> None:
    victim, stranger = harness.users(2)
    await harness.send(stranger, victim)
    await maybe_persist()

    assert await harness.service.chats.contacts(stranger) == []
    assert await harness.service.chats.contacts(victim) == [stranger]

    await harness.send(victim, stranger)
    await maybe_persist()

    assert await harness.service.chats.contacts(stranger) == [victim]


async def test_a_stranger_who_adds_a_user_to_a_group_sees_nothing_until_the_user_writes_in_it(
    harness: Harness, maybe_persist: MaybePersist
) -> None:
    victim, stranger, other = harness.users(3)
    group = (await harness.a_group(stranger, victim, other)).state.chat_id
    await harness.service.groups.add_members(group, [victim], Role.OWNER, actor=stranger)
    message = await harness.send(stranger, group)
    await harness.service.mark_read(ChatRef(group), message.message_id, reader=victim)
    await maybe_persist()

    assert await harness.service.chats.contacts(stranger) == []
    assert await harness.service.chats.contacts(other) == [stranger]

    await harness.send(victim, group)
    await maybe_persist()

    assert await harness.service.chats.contacts(stranger) == [victim]


async def test_members_are_notified_when_a_user_writes_for_the_first_time_only(harness: Harness) -> None:
    ann, bob, cid = harness.users(3)
    group = (await harness.a_group(ann, bob, cid)).state.chat_id
    listener = await harness.subscribe(*(f"contacts:{user}" for user in (ann, bob, cid)))

    await harness.send(bob, group)
    assert {message.channel for message in await listener.received()} == {
        f"contacts:{each}" for each in (ann, bob, cid)
    }

    await harness.send(bob, group)
    assert await listener.received() == []


async def test_blocked_blocking_and_deleted_users_are_not_contacts(harness: Harness) -> None:
    ann, bob, cid, dan, eve = harness.users(5)
    group = (await harness.a_group(ann, bob, cid, dan, eve)).state.chat_id
    for writer in (bob, cid, dan, eve):
        await harness.send(writer, group)
    harness.block(ann, bob)
    harness.block(cid, ann)
    harness.delete_account(dan)

    assert await harness.service.chats.contacts(ann) == [eve]


async def test_a_user_who_left_is_no_longer_a_contact(harness: Harness, maybe_persist: MaybePersist) -> None:
    ann, bob, cid = harness.users(3)
    group = (await harness.a_group(ann, bob, cid)).state.chat_id
    await harness.send(bob, group)
    await harness.send(cid, group)
    await harness.service.groups.leave(group, user_id=bob)
    await maybe_persist()

    assert await harness.service.chats.contacts(ann) == [cid]
    assert await harness.service.chats.contacts(bob) == []


async def test_a_group_is_read_once_for_all_its_members(
    harness: Harness, maybe_persist: MaybePersist, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, *others = harness.users(20)
    group = (await harness.a_group(ann, *others)).state.chat_id
    for writer in others:
        await harness.send(writer, group)
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
    writers = harness.users(MAX_CONTACTS + 1)
    chats = (ChatId.direct(ann, writer) for writer in writers)
    events = [ChatBuilder(chat).sent(writer) for chat, writer in zip(chats, writers, strict=True)]
    await harness.dependencies.store.writer.apply(records_of(events))

    assert len(await harness.service.chats.contacts(ann)) == MAX_CONTACTS
