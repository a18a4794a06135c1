"""Contract of ChatReader and EventReader, run over every adapter."""

from dataclasses import replace

from history.chat_id import ChatId
from history.model import GroupUpdated, Membership, Role
from history.open import HistoryStore
from kernel.log.ports import LogPosition
from tests.unit.history.builders import A_GROUP, ANN, ANN_AND_BOB, BOB, CAT, ChatBuilder, a_user, records_of, stored


async def test_both_people_of_a_direct_chat_are_in_it_from_its_first_event(store: HistoryStore) -> None:
    await store.writer.apply(records_of([ChatBuilder().sent(ANN)]))

    assert set(await store.chats.chats_of(ANN)) == {ANN_AND_BOB}
    assert set(await store.chats.chats_of(BOB)) == {ANN_AND_BOB}
    assert set(await store.chats.chats_of(CAT)) == set()


async def test_a_former_member_still_has_the_group_among_their_chats(store: HistoryStore) -> None:
    chat = ChatBuilder(A_GROUP)
    await store.writer.apply(records_of([chat.created(ANN, BOB), chat.member_set(ANN, BOB, None)]))

    assert set(await store.chats.chats_of(BOB)) == {A_GROUP}
    assert (await store.chats.heads([A_GROUP]))[A_GROUP].state.memberships[BOB].role is None


async def test_a_group_is_read_back_with_its_newest_details_members_and_marks(store: HistoryStore) -> None:
    chat = ChatBuilder(A_GROUP)
    created, sent = chat.created(ANN, BOB, title="old"), chat.sent(ANN)
    renamed = chat.event(ANN, GroupUpdated(title="new", avatar_media_id=""))
    promoted, read = chat.member_set(ANN, BOB, Role.ADMIN, joined=created), chat.read_by(BOB, sent)
    await store.writer.apply(records_of([created, sent]))
    await store.writer.apply(records_of([renamed, promoted, read], start=2))

    state = (await store.chats.heads([A_GROUP]))[A_GROUP].state

    assert state.title is not None
    assert (state.title.value, state.created_at) == ("new", created.occurred_at)
    assert state.memberships == {
        ANN: Membership(created.event_id, Role.OWNER, initial=True),
        BOB: Membership(promoted.event_id, Role.ADMIN, joined=created.event_id),
    }
    assert state.read_marks == {ANN: sent.event_id, BOB: sent.event_id}
    assert state.last_message_id == sent.event_id
    assert state.writers == {ANN}


async def test_a_chat_can_be_read_with_one_member_only(store: HistoryStore) -> None:
    chat = ChatBuilder(A_GROUP)
    created, sent = chat.created(ANN, BOB, CAT, title="title"), chat.sent(ANN)
    await store.writer.apply(records_of([created, sent, chat.read_by(BOB, sent), chat.member_set(ANN, CAT, None)]))

    whole = (await store.chats.heads([A_GROUP]))[A_GROUP]
    for user_id in (ANN, BOB, CAT):
        head = (await store.chats.heads([A_GROUP], only=user_id))[A_GROUP]

        assert head.position == whole.position
        assert head.state == replace(
            whole.state,
            memberships={user_id: whole.state.memberships[user_id]},
            read_marks={key: mark for key, mark in whole.state.read_marks.items() if key == user_id},
            writers=whole.state.writers & {user_id},
        )


async def test_many_chats_can_be_read_with_one_member_each(store: HistoryStore) -> None:
    """More than fit in one request."""
    others = [a_user() for _ in range(45)]
    chats = {ChatId.direct(ANN, other): other for other in others}
    await store.writer.apply(records_of([ChatBuilder(chat_id).sent(other) for chat_id, other in chats.items()]))

    heads = await store.chats.heads([*chats, ANN_AND_BOB], only=ANN)

    assert heads.keys() == chats.keys()
    assert heads == await store.chats.heads(chats)


async def test_writers_are_kept_when_they_only_read_later_and_readers_are_none(store: HistoryStore) -> None:
    chat = ChatBuilder()
    first, second = chat.sent(ANN), chat.sent(ANN)
    await store.writer.apply(records_of([first]))
    await store.writer.apply(records_of([chat.read_by(ANN, second), second, chat.read_by(BOB, second)], start=1))

    for only in (None, ANN, BOB):
        assert (await store.chats.heads([ANN_AND_BOB], only=only))[ANN_AND_BOB].state.writers == {ANN}


async def test_a_chat_stands_where_its_newest_event_does(store: HistoryStore) -> None:
    chat = ChatBuilder()
    await store.writer.apply(records_of([chat.sent(), chat.sent()], partition=3, start=7))

    assert (await store.chats.heads([ANN_AND_BOB, A_GROUP])).keys() == {ANN_AND_BOB}
    assert (await store.chats.heads([ANN_AND_BOB]))[ANN_AND_BOB].position == LogPosition(3, 8)


async def test_events_after_an_offset_are_replayed_in_log_order(store: HistoryStore) -> None:
    chat, other = ChatBuilder(), ChatBuilder(A_GROUP)
    events = [chat.sent(), other.created(ANN, BOB), chat.sent(), chat.sent()]
    await store.writer.apply(records_of(events))
    mine = [item for item in stored(events) if item.event.chat_id == ANN_AND_BOB]

    assert list(await store.events.events_after(ANN_AND_BOB, -1, 9)) == mine
    assert list(await store.events.events_after(ANN_AND_BOB, 0, 9)) == mine[1:]
    assert list(await store.events.events_after(ANN_AND_BOB, 0, 1)) == mine[1:2]
    assert list(await store.events.events_after(ANN_AND_BOB, 3, 9)) == []


async def test_stored_offsets_are_kept_for_each_partition(store: HistoryStore) -> None:
    assert await store.events.stored() == {}

    await store.writer.apply(records_of([ChatBuilder().sent()], partition=1, start=5))
    await store.writer.apply(records_of([ChatBuilder(A_GROUP).created(ANN)], partition=3))

    assert await store.events.stored() == {1: 5, 3: 0}
