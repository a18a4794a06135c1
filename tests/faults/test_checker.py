"""The checker finds every kind of broken promise in a run that was correct before the change."""

from dataclasses import replace

import pytest

from tests.faults.checker.findings import Wrong
from tests.faults.checker.recording import Kind
from tests.faults.checker.stored import Sighting
from tests.faults.story import ANN, BOB, CHAT, Story, message_id, send_id, shown


def test_a_correct_run_has_no_findings() -> None:
    assert Story().findings() == []


def test_a_message_in_no_history_is_lost() -> None:
    story = Story()
    story.change_views(lambda view: replace(view, messages=view.messages[:-1], read=message_id(5)))

    assert story.wrong() == {Wrong.LOST}


def test_a_message_that_one_node_does_not_show_to_one_member_is_lost() -> None:
    story = Story()
    story.change_views(lambda view: replace(view, messages=view.messages[:-1]), node="messaging-2", member=BOB)

    (finding,) = story.findings()
    assert (finding.wrong, finding.at) == (Wrong.LOST, 6.1)
    assert "for bob by messaging-2" in finding.what


def test_a_message_that_one_device_never_received_is_lost() -> None:
    story = Story()
    story.drop(lambda item: item.kind == Kind.HEARD and item.device == BOB and item.message == message_id(3))

    (finding,) = story.findings()
    assert finding.wrong is Wrong.LOST
    assert "device bob" in finding.what


def test_a_later_device_need_not_have_received_earlier_messages() -> None:
    story = Story()
    story.drop(lambda item: item.device == BOB and item.kind in {Kind.LIVE, Kind.HEARD} and item.at < 3)
    story.add(Kind.LIVE, 2.9, BOB)

    assert story.findings() == []


def test_an_unacknowledged_send_may_exist_or_not() -> None:
    story = Story()
    story.add(Kind.SENDING, 7.0, ANN, send=send_id(7))
    assert story.findings() == []

    story.add(Kind.HEARD, 7.2, BOB, send=send_id(7), message=message_id(7), sender=ANN, present=True)
    story.change_views(lambda view: replace(view, messages=(*view.messages, shown(7)), unread=int(view.member == BOB)))
    assert story.findings() == []


def test_two_copies_of_a_send_in_a_history_are_a_double() -> None:
    story = Story()
    copy = replace(shown(6), message=message_id(7), seq=7)
    story.change_views(lambda view: replace(view, messages=(*view.messages, copy), read=message_id(7)))

    findings = story.findings()
    assert {(finding.wrong, finding.at) for finding in findings} == {(Wrong.DOUBLED, 6.0)}


def test_two_copies_on_a_device_are_a_double_until_one_is_withdrawn() -> None:
    story = Story()
    story.add(Kind.HEARD, 8.0, BOB, send=send_id(5), message=message_id(9), sender=ANN, present=True)
    assert story.wrong() == {Wrong.DOUBLED}

    story.add(Kind.WITHDRAWN, 9.0, BOB, message=message_id(9))
    assert story.findings() == []


def test_a_history_not_sorted_by_id_is_misordered() -> None:
    story = Story()
    story.change_views(
        lambda view: replace(view, messages=(*view.messages[:3], view.messages[4], view.messages[3], view.messages[5])),
        node="messaging-1",
    )

    assert story.wrong() == {Wrong.MISORDERED}


def test_different_numbers_on_two_nodes_are_misordered() -> None:
    story = Story()
    story.change(3, node="messaging-2", seq=4)
    story.change(4, node="messaging-2", seq=3)

    assert story.wrong() == {Wrong.MISORDERED}


def test_a_reply_that_sorts_before_its_message_is_misordered() -> None:
    # Bob had received message 5 when he sent his third one, which now has an id between 4 and 5.
    between = message_id(4)[:-1] + "2"
    story = Story()
    story.entries = [
        replace(item, message=between) if item.message == message_id(6) else item for item in story.entries
    ]
    story.change(6, message=between)
    story.change_views(
        lambda view: replace(
            view,
            messages=(*view.messages[:4], view.messages[5], view.messages[4]),
            read=message_id(5),
        )
    )

    (finding,) = story.findings()
    assert (finding.wrong, finding.at) == (Wrong.MISORDERED, 6.0)


def test_a_missing_number_is_a_gap() -> None:
    story = Story()
    story.change(6, seq=7)

    assert story.wrong() == {Wrong.GAP}


def test_a_message_without_a_number_is_a_gap() -> None:
    story = Story()
    story.change(6, seq=0)

    assert story.wrong() == {Wrong.GAP}


def test_a_wrong_unread_count_is_drift() -> None:
    story = Story()
    story.change_views(lambda view: replace(view, unread=1), node="messaging-2", member=ANN)

    assert story.wrong() == {Wrong.UNREAD}


def test_own_and_deleted_messages_are_not_unread() -> None:
    story = Story()
    story.change(4, deleted=True, text="")
    # After the mark: 4 (Bob's, deleted), 5 (Ann's own), 6 (Bob's).
    story.change_views(lambda view: replace(view, read=message_id(3), unread=1), member=ANN)

    assert story.findings() == []


def test_a_read_mark_that_moved_back_is_drift() -> None:
    story = Story()
    story.add(Kind.READ, 6.5, ANN, message=message_id(6))
    story.change_views(lambda view: replace(view, read=message_id(5), unread=1), node="messaging-2", member=ANN)

    (finding,) = story.findings()
    assert (finding.wrong, finding.at) == (Wrong.UNREAD, 6.5)


def test_a_missing_acknowledged_reaction_is_drift() -> None:
    story = Story()
    story.add(Kind.REACTING, 6.5, ANN, message=message_id(2), emoji="👍")
    assert story.findings() == [], "what was not answered may have happened or not"

    story.add(Kind.REACTED, 6.6, ANN, message=message_id(2), emoji="👍", present=True)
    assert story.wrong() == {Wrong.REACTION}

    story.change(2, reactions=frozenset({(ANN, "👍")}))
    assert story.findings() == []


def test_a_reaction_that_was_taken_back_and_stays_is_drift() -> None:
    story = Story()
    for at, present in ((6.5, True), (6.7, False)):
        story.add(Kind.REACTING, at, ANN, message=message_id(2), emoji="👍")
        story.add(Kind.REACTED, at + 0.1, ANN, message=message_id(2), emoji="👍", present=present)
    assert story.findings() == []

    story.change(2, reactions=frozenset({(ANN, "👍")}))
    assert story.wrong() == {Wrong.REACTION}


def test_a_device_shows_the_reaction_of_the_later_event() -> None:
    story = Story()
    story.add(Kind.REACTION, 6.7, BOB, message=message_id(2), emoji="👍", sender=ANN, event=message_id(9))
    story.add(Kind.REACTION, 6.8, BOB, message=message_id(2), emoji="👍", sender=ANN, event=message_id(8), present=True)
    assert story.findings() == []

    story.add(
        Kind.REACTION, 6.9, BOB, message=message_id(2), emoji="👍", sender=ANN, event=message_id(10), present=True
    )
    assert story.wrong() == {Wrong.REACTION}


def edit(story: Story, at: float, text: str, *, answered: bool = True) -> None:
    story.add(Kind.EDITING, at, ANN, message=message_id(3), text=text)
    if answered:
        story.add(Kind.EDITED, at + 0.1, ANN, message=message_id(3), text=text)


def test_a_message_without_its_last_acknowledged_edit_is_edit_drift() -> None:
    story = Story()
    edit(story, 7.0, "two")
    edit(story, 8.0, "three")
    story.change(3, text="three")
    assert story.findings() == []

    story.change(3, text="two", node="messaging-2", member=BOB)
    assert story.wrong() == {Wrong.EDIT}

    story.change(3, text="two")
    assert story.wrong() == {Wrong.EDIT}
    assert {finding.at for finding in story.findings()} == {8.1}


def test_an_unanswered_edit_may_be_shown_or_not() -> None:
    story = Story()
    edit(story, 7.0, "two", answered=False)
    assert story.findings() == []

    edit(story, 8.0, "three")
    story.change(3, text="three")
    assert story.findings() == []

    story.change(3, text="two")
    assert story.findings() == [], "it was stored late"

    story.change(3, text="number 3")
    assert story.wrong() == {Wrong.EDIT}


def test_a_device_with_another_last_edit_is_edit_drift() -> None:
    story = Story()
    edit(story, 7.0, "two")
    story.change(3, text="two")
    story.add(Kind.EDIT, 7.2, BOB, message=message_id(3), text="two", event=message_id(9))
    story.add(Kind.EDIT, 7.3, BOB, message=message_id(3), text="one", event=message_id(8))
    assert story.findings() == [], "the later event wins, in whatever order they arrive"

    story.add(Kind.EDIT, 7.4, BOB, message=message_id(3), text="one", event=message_id(10))
    assert story.wrong() == {Wrong.EDIT}


def test_reactions_that_differ_between_members_are_drift() -> None:
    story = Story()
    story.change(2, reactions=frozenset({(ANN, "👍")}), member=BOB)

    assert story.wrong() == {Wrong.REACTION}


def test_reactions_that_differ_on_a_device_are_drift() -> None:
    story = Story()
    story.change(2, reactions=frozenset({(ANN, "👍")}))
    story.add(Kind.REACTION, 6.7, BOB, message=message_id(2), emoji="👍", sender=ANN, present=True)
    assert story.findings() == []

    story.add(Kind.REACTION, 6.8, BOB, message=message_id(2), emoji="👍", sender=ANN, present=False)
    assert story.wrong() == {Wrong.REACTION}


def test_a_user_online_without_a_device_is_a_ghost_and_so_is_the_reverse() -> None:
    for online in (True, False):
        story = Story()
        sighting = Sighting(user=BOB, node="presence-2", online=online, connected=not online)
        story.stored = replace(story.stored, sightings=(*story.stored.sightings, sighting))

        assert story.wrong() == {Wrong.GHOST}


def test_a_deleted_message_that_is_shown_again_is_resurrected() -> None:
    story = Story()
    story.add(Kind.DELETED, 7.0, BOB, message=message_id(2))
    story.change(2, deleted=True, text="")
    assert story.findings() == []

    story.change(2, deleted=False, text="number 2", node="messaging-1", member=ANN)
    (finding,) = story.findings()
    assert (finding.wrong, finding.at) == (Wrong.RESURRECTED, 7.0)


def test_a_page_with_a_deleted_message_is_stale_or_after_its_deletion_a_resurrection() -> None:
    story = Story()
    story.add(Kind.DELETED, 7.0, BOB, message=message_id(2))
    story.change(2, deleted=True, text="")
    every = tuple(message_id(number) for number in range(1, 7))
    story.add(Kind.PAGED, 6.9, ANN, shown=every)
    assert story.findings() == [], "it was asked for before"

    story.add(Kind.PAGED, 7.1, ANN, shown=every)
    assert story.wrong() == {Wrong.STALE}

    story.add(Kind.GONE, 7.2, BOB, message=message_id(2))
    assert story.wrong() == {Wrong.STALE}
    story.add(Kind.PAGED, 7.3, ANN, shown=every)
    assert story.wrong() == {Wrong.STALE, Wrong.RESURRECTED}


def test_a_message_received_after_its_deletion_is_resurrected() -> None:
    story = Story()
    story.add(Kind.GONE, 2.15, ANN, message=message_id(2))

    assert story.wrong() == {Wrong.RESURRECTED}


def test_a_readable_file_of_a_deleted_message_is_found() -> None:
    story = Story()
    story.add(Kind.DELETED, 7.0, BOB, message=message_id(1))
    story.change(1, deleted=True, text="")
    story.probe(reachable=False)
    assert story.findings() == []

    story.probe(reachable=True)
    assert story.wrong() == {Wrong.MEDIA}


def test_a_file_of_a_message_that_exists_again_must_be_readable() -> None:
    story = Story()
    story.change(1, media=("file",))
    story.probe(reachable=True)
    assert story.findings() == [], "its deletion is not in the recording, because only the lost log had it"

    story.probe(reachable=False)
    assert story.wrong() == {Wrong.MEDIA}


def test_a_page_without_an_acknowledged_message_is_stale() -> None:
    story = Story()
    story.add(Kind.PAGED, 6.05, ANN, shown=(message_id(4), message_id(5)))
    assert story.findings() == [], "6 was not acknowledged yet, and what lies before 4 is on another page"

    story.add(Kind.PAGED, 6.5, ANN, shown=(message_id(4), message_id(5)))
    (finding,) = story.findings()
    assert (finding.wrong, finding.at) == (Wrong.STALE, 6.5)
    assert finding.age == pytest.approx(0.4)
    assert CHAT in finding.what


def test_a_message_with_the_time_of_a_wrong_clock_is_found() -> None:
    story = Story()
    for number in range(1, 7):
        story.change(number, created=number + 0.05)
    assert story.findings() == []

    for created in (4.0 + 60, 4.0 - 60):
        story.change(4, created=created, node="messaging-1")
        assert {(finding.wrong, finding.at) for finding in story.findings()} == {(Wrong.TIME, 4.1)}


def test_a_chat_that_was_active_in_the_future_is_found() -> None:
    story = Story()
    story.change_views(lambda view: replace(view, active=8.0, asked=9.0))
    assert story.findings() == []

    story.change_views(lambda view: replace(view, active=69.0), node="messaging-1", member=ANN)
    assert story.wrong() == {Wrong.TIME}
