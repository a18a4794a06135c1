"""What subscribers are told of each kind of event."""

from uuid import uuid1

from chatly.messaging.v1 import live_pb2, message_pb2

from history.fold import apply_to_chat
from history.model import ChatEvent, ChatState, MessageWithdrawn, Role
from kernel.ids import UserId
from services.messaging.api.mapping.live import live_event
from services.messaging.api.mapping.messages import message_pb
from services.messaging.model import ChatRef, Details
from tests.unit.messaging.rig import Rig, between


def told(rig: Rig, viewer: UserId | None = None) -> live_pb2.LiveEvent:
    """Of the newest event, with the chat's state after it."""
    state: ChatState | None = None
    event: ChatEvent | None = None
    for event in sorted(rig.events(), key=lambda event: event.event_id.time):
        state = apply_to_chat(state, event)
    assert event is not None
    return live_event(event, state, viewer=viewer)


async def test_a_new_message_is_told_whole(rig: Rig) -> None:
    ann, bob = rig.users(2)
    sent = await rig.say(ann, bob, "hi", media_ids=(rig.media.a_file(ann),))

    live = told(rig)

    assert live.message_created == message_pb(sent)
    assert (live.event_id, live.chat_id, live.actor_id) == (str(sent.message_id), sent.chat_id, ann)
    assert live.occurred_at.ToDatetime(tzinfo=rig.clock.now().tzinfo) == rig.clock.now()


async def test_changes_of_a_message_name_it(rig: Rig) -> None:
    ann, bob = rig.users(2)
    chat = between(ann, bob)
    message_id = (await rig.say(ann, bob)).message_id

    await rig.use.edit_message(chat, message_id, "new", editor=ann)
    edited = told(rig).message_edited
    await rig.use.toggle_reaction(chat, message_id, "👍", user_id=bob)
    reacted = told(rig).reaction_changed
    await rig.use.mark_read(chat, message_id, reader=bob)
    read = told(rig).read_mark_moved
    await rig.use.delete_message(chat, message_id, for_everyone=True, user_id=ann)
    deleted = told(rig).message_deleted

    assert (edited.message_id, edited.text, edited.HasField("edited_at")) == (str(message_id), "new", True)
    assert (reacted.message_id, reacted.user_id, reacted.emoji, reacted.present) == (str(message_id), bob, "👍", True)
    assert (read.user_id, read.message_id) == (bob, str(message_id))
    assert (deleted.message_id, deleted.for_everyone, deleted.withdrawn) == (str(message_id), True, False)


async def test_a_withdrawn_copy_is_to_be_removed_without_a_trace(rig: Rig) -> None:
    ann, bob = rig.users(2)
    sent = await rig.say(ann, bob)
    change = MessageWithdrawn(message_id=sent.message_id, kept_message_id=uuid1())
    event = ChatEvent(uuid1(), sent.chat_id, None, rig.clock.now(), change)

    live = live_event(event, None)

    assert live.actor_id == ""
    assert live.message_deleted == live_pb2.MessageDeletion(message_id=str(sent.message_id), withdrawn=True)


async def test_a_new_group_and_its_new_details_are_told_with_its_members(rig: Rig) -> None:
    ann, bob = rig.users(2)
    group = (await rig.a_group(ann, bob)).state.chat_id
    added = told(rig).chat_added
    await rig.use.update_group(group, Details(title="Renamed"), user_id=ann)
    updated = told(rig).chat_updated

    assert (added.kind, added.title, updated.title) == (message_pb2.CHAT_KIND_GROUP, "A group", "Renamed")
    assert {member.user_id: member.role for member in updated.members} == {
        ann: message_pb2.ROLE_OWNER,
        bob: message_pb2.ROLE_MEMBER,
    }


async def test_the_one_who_joins_is_told_of_a_chat_and_the_others_of_a_member(rig: Rig) -> None:
    ann, bob = rig.users(2)
    group = (await rig.a_group(ann)).state.chat_id
    await rig.use.add_members(group, [bob], None, actor=ann)

    assert {member.user_id for member in told(rig, viewer=bob).chat_added.members} == {ann, bob}
    assert told(rig).member_changed == live_pb2.MemberChange(user_id=bob, role=message_pb2.ROLE_MEMBER)
    assert told(rig, viewer=ann).HasField("member_changed")


async def test_a_new_role_or_a_farewell_is_a_change_of_member_for_everyone(rig: Rig) -> None:
    ann, bob = rig.users(2)
    group = (await rig.a_group(ann, bob)).state.chat_id
    await rig.use.add_members(group, [bob], Role.ADMIN, actor=ann)
    assert told(rig, viewer=bob).member_changed.role == message_pb2.ROLE_ADMIN

    await rig.use.leave_group(group, user_id=bob)

    assert told(rig, viewer=bob).member_changed == live_pb2.MemberChange(user_id=bob)
    assert ChatRef(group).chat_id == told(rig).chat_id
