"""The table of the drills counts what is missing, repeated or in the wrong order, and gives a verdict."""

from dataclasses import replace

from tests.drills.table import Findings, Result, Shown, View, faults_of, find, table

CHAT = "chat"


def view(*numbers: int) -> list[Shown]:
    """Return a chat with these messages of one sender, densely numbered."""
    return [Shown(f"send {each}", f"id {each}", "ann", each, seq) for seq, each in enumerate(numbers, 1)]


def promised(*numbers: int) -> dict[str, dict[str, str]]:
    return {CHAT: {f"send {each}": f"id {each}" for each in numbers}}


def found(of_chat: list[View], *numbers: int) -> Findings:
    return find({CHAT: of_chat}, promised(*numbers))


def test_a_chat_with_every_promised_message_has_no_findings() -> None:
    assert found([view(1, 2, 3), view(1, 2, 3)], 1, 2, 3) == Findings()


def test_a_message_that_was_given_up_may_be_missing_or_there() -> None:
    assert found([view(1, 2, 3)], 1, 3) == Findings()
    assert found([view(1, 3)], 1, 3) == Findings()


def test_a_message_that_one_member_does_not_see_is_lost() -> None:
    assert found([view(1, 2, 3), view(1, 2)], 1, 2, 3) == Findings(lost=1, misordered=1)


def test_a_message_with_another_id_is_lost() -> None:
    other = [replace(each, message_id="other") if each.number == 2 else each for each in view(1, 2)]

    assert found([other], 1, 2) == Findings(lost=1)


def test_a_send_that_is_shown_twice_is_doubled() -> None:
    assert found([view(1, 2, 2)], 1, 2).doubled == 1


def test_an_earlier_message_after_a_later_one_is_misordered() -> None:
    assert found([view(1, 3, 2)], 1, 2, 3) == Findings(misordered=1)


def test_members_who_see_different_orders_are_found() -> None:
    ann, bob = view(1, 2), view(1, 2)[::-1]

    assert found([ann, bob], 1, 2).misordered == 1


def test_a_missing_or_repeated_seq_is_a_hole() -> None:
    assert found([[replace(each, seq=each.seq + 1) for each in view(1, 2)]], 1, 2) == Findings(holes=1)
    assert found([[replace(each, seq=1) for each in view(1, 2)]], 1, 2) == Findings(holes=1)


def test_the_table_has_a_line_for_each_drill_and_each_broken_expectation() -> None:
    good = Result(drill="kafka", before=10, after=5, given_up=2, whole_after=12.3)
    bad = Result(drill="all", before=10, after=5, findings=Findings(lost=1), broken=["doctor is not well"])

    text = table([good, bad])

    assert (good.kept, bad.kept) == (True, False)
    lines = text.splitlines()
    assert [cell.strip() for cell in lines[2].split("|")[1:-1]] == [
        *("kafka", "10", "5", "2", "0", "0", "0", "0", "0", "12 s", "kept")
    ]
    assert lines[3].endswith("BROKEN |")
    assert lines[-1] == "all: doctor is not well"


def test_a_drill_without_messages_after_the_loss_is_not_kept() -> None:
    assert not Result(drill="kafka", before=10).kept
    assert not Result(drill="kafka", after=1, broken=["no resync"]).kept


def test_files_without_metadata_are_separated_from_other_faults() -> None:
    faults = faults_of(
        "  5 s: 1 of 2 chats, 9 messages\n"
        "FAULT  chat a_b: message id-1 names file f-1: its metadata is missing\n"
        "FAULT  chat a_b: seq 3 is missing\n"
        "2 faults.\n"
    )

    assert faults.no_metadata == {"id-1"}
    assert faults.others == ["FAULT  chat a_b: seq 3 is missing"]
    assert faults_of("Checked 2 chats.\nNo faults.").others == []
