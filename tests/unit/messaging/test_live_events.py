"""The live event of each kind of change."""

from uuid import uuid1

from chatly.messaging.v1 import live_pb2, message_pb2
from chatly.messaging.v1.messaging_service_pb2 import SubscribeResponse

from history.fold import apply_to_chat
from history.model import ChatEvent, ChatState, MessageWithdrawn, Role
from kernel.ids import UserId
from services.messaging.api.mapping.live import ProtoStreamEncoder
from services.messaging.api.mapping.messages import message_pb
from services.messaging.model import ChatRef, Details
from tests.unit.messaging.harness import Harness, between


def encoded(event: ChatEvent, state: ChatState | None, viewer: UserId | None = None) -> live_pb2.LiveEvent:
    response = SubscribeResponse.FromString(ProtoStreamEncoder().event(event, state, viewer=viewer))
    return response.events[0]


def newest_event(harness: Harness, viewer: UserId | None = None) -> live_pb2.LiveEvent:
    """Return the live event of the newest change."""
    state: ChatState | None = None
    event: ChatEvent | None = None
    for event in sorted(harness.events(), key=lambda event: event.event_id.time):
        state = apply_to_chat(state, event)
    assert event is not None
    return encoded(event, state, viewer)


async def test_a_new_message_is_delivered_with_all_fields(harness: Harness) -> None:
    ann, bob = harness.users(2)
    sent = await harness.send(ann, bob, "hi", media_ids=(harness.media.a_file(ann),))

    live = newest_event(harness)

    assert live.message_created == message_pb(sent)
    assert (live.event_id, live.chat_id, live.actor_id) == (str(sent.message_id), sent.chat_id, ann)
    assert live.occurred_at.ToDatetime(tzinfo=harness.clock.now().tzinfo) == harness.clock.now()


async def test_changes_of_a_message_carry_its_id(harness: Harness) -> None:
    ann, bob = harness.users(2)
    chat = between(ann, bob)
    message_id = (await harness.send(ann, bob)).message_id

    await harness.service.edit_message(chat, message_id, "new", editor=ann)
    edited = newest_event(harness).message_edited
    await harness.service.toggle_reaction(chat, message_id, "👍", user_id=bob)
    reacted = newest_event(harness).reaction_changed
    await harness.service.mark_read(chat, message_id, reader=bob)
    read = newest_event(harness).read_mark_moved
    await harness.service.delete_message(chat, message_id, for_everyone=True, user_id=ann)
    deleted = newest_event(harness).message_deleted

    assert (edited.message_id, edited.text, edited.HasField("edited_at")) == (str(message_id), "new", True)
    assert (reacted.message_id, reacted.user_id, reacted.emoji, reacted.present) == (str(message_id), bob, "👍", True)
    assert (read.user_id, read.message_id) == (bob, str(message_id))
    assert (deleted.message_id, deleted.for_everyone, deleted.withdrawn) == (str(message_id), True, False)


async def test_a_withdrawn_copy_is_delivered_as_a_deletion_marked_withdrawn(harness: Harness) -> None:
    ann, bob = harness.users(2)
    sent = await harness.send(ann, bob)
    change = MessageWithdrawn(message_id=sent.message_id, kept_message_id=uuid1())
    event = ChatEvent(uuid1(), sent.chat_id, None, harness.clock.now(), change)

    live = encoded(event, None)

    assert live.actor_id == ""
    assert live.message_deleted == live_pb2.MessageDeletion(message_id=str(sent.message_id), withdrawn=True)


async def test_a_new_group_and_changed_details_are_delivered_with_the_members(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann, bob)).state.chat_id
    added = newest_event(harness).chat_added
    await harness.service.groups.update(group, Details(title="Renamed"), user_id=ann)
    updated = newest_event(harness).chat_updated

    assert (added.kind, added.title, updated.title) == (message_pb2.CHAT_KIND_GROUP, "A group", "Renamed")
    assert {member.user_id: member.role for member in updated.members} == {
        ann: message_pb2.ROLE_OWNER,
        bob: message_pb2.ROLE_MEMBER,
    }


async def test_a_new_member_receives_the_chat_and_the_others_receive_the_member(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann)).state.chat_id
    await harness.service.groups.add_members(group, [bob], None, actor=ann)

    assert {member.user_id for member in newest_event(harness, viewer=bob).chat_added.members} == {ann, bob}
    assert newest_event(harness).member_changed == live_pb2.MemberChange(user_id=bob, role=message_pb2.ROLE_MEMBER)
    assert newest_event(harness, viewer=ann).HasField("member_changed")


async def test_a_new_role_or_a_departure_is_delivered_to_everyone_as_a_member_change(harness: Harness) -> None:
    ann, bob = harness.users(2)
    group = (await harness.a_group(ann, bob)).state.chat_id
    await harness.service.groups.add_members(group, [bob], Role.ADMIN, actor=ann)
    assert newest_event(harness, viewer=bob).member_changed.role == message_pb2.ROLE_ADMIN

    await harness.service.groups.leave(group, user_id=bob)

    assert newest_event(harness, viewer=bob).member_changed == live_pb2.MemberChange(user_id=bob)
    assert ChatRef(group).chat_id == newest_event(harness).chat_id
