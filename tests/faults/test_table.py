"""The table assigns each effect to the fault that caused it."""

from dataclasses import replace
from pathlib import Path

from tests.faults.checker.findings import Finding, Wrong
from tests.faults.checker.recording import Entry, Kind, read_recordings
from tests.faults.checker.stored import read_stored, write_stored
from tests.faults.checker.table import summary, table
from tests.faults.checker.timeline import Action, Fault, by_kind, read_faults, rows, write_faults
from tests.faults.schedule import Jump
from tests.faults.story import BOB, Story, message_id

KILL = Fault(action=Action.KILL, parts=("messaging-1",), began=1.5, ended=3.5, served=3.9)
CUT = Fault(action=Action.CUT, parts=("kafka-1", "edge-2"), began=4.5, ended=6.5, served=6.5)


def late(story: Story, kind: Kind, number: int, seconds: float) -> None:
    story.entries = [
        replace(item, at=item.at + seconds) if item.kind == kind and item.message == message_id(number) else item
        for item in story.entries
    ]


def test_messages_and_findings_count_for_the_fault_during_which_they_happen() -> None:
    story = Story()
    found = [
        Finding(wrong=Wrong.LOST, at=2.1, what=""),
        Finding(wrong=Wrong.DOUBLED, at=5.0, what=""),
        Finding(wrong=Wrong.GAP, at=5.0, what=""),
    ]

    kill, cut = rows(story.recording(), [KILL, CUT], found)

    assert (kill.acknowledged, kill.lost, kill.doubled, kill.others) == (3, 1, 0, 0)
    assert (cut.acknowledged, cut.lost, cut.doubled, cut.others) == (2, 0, 1, 1)
    assert kill.heal == cut.heal == 0.0


def test_messages_that_only_a_lost_log_had_count_for_its_loss() -> None:
    kill, cut = rows(Story().recording(), [KILL, CUT], [], missing=[4.6, 4.6])

    assert (kill.reported, cut.reported) == (0, 2)
    assert [row.reported for row in by_kind([KILL, CUT], [kill, cut])] == [0, 2]


def test_clocks_and_lost_logs_are_named_in_plain_words() -> None:
    clock = replace(KILL, action=Action.CLOCK, detail=str(Jump(seconds=-86_400, restarted=True)))
    log = replace(CUT, action=Action.LOST_LOG, parts=("kafka-1", "kafka-2", "kafka-3"))

    assert (clock.name, clock.kind) == ("clock 1 day behind and restart messaging-1", "clock")
    assert (log.name, log.kind) == ("lost log", "lost log")


def test_a_send_in_flight_when_the_fault_began_counts_for_it() -> None:
    story = Story()
    late(story, Kind.SENT, 1, 2.0)

    kill, cut = rows(story.recording(), [KILL, CUT], [])

    assert (round(kill.send_pause, 3), round(kill.heal, 3)) == (2.1, 1.6)
    assert round(cut.send_pause, 3) == 0.1


def test_delivery_is_measured_from_the_acknowledgement() -> None:
    story = Story()
    late(story, Kind.HEARD, 2, 4.0)

    kill, cut = rows(story.recording(), [KILL, CUT], [])

    assert round(kill.delivery_pause, 3) == 4.1
    assert round(cut.delivery_pause, 3) == 4.1, "it lasted into the second fault"
    assert round(kill.heal, 3) == 4.7


def test_the_table_has_a_line_for_each_fault() -> None:
    text = table(rows(Story().recording(), [KILL, CUT], []))

    head, _, first, second = text.splitlines()
    assert "lost" in head
    assert first.startswith("| kill -9 messaging-1 ")
    assert second.startswith("| cut off kafka-1 + edge-2 ")
    assert len({len(line) for line in text.splitlines()}) == 1


def test_faults_of_one_kind_share_a_row_with_their_sums_and_their_longest_times() -> None:
    kill = rows(Story().recording(), [KILL], [Finding(wrong=Wrong.LOST, at=2.1, what="")])[0]
    stop = replace(KILL, action=Action.STOP, parts=("messaging-2",))
    other = replace(kill, acknowledged=4, seconds=9.0, send_pause=3.0, delivery_pause=0.0, heal=2.5, served=0.1)

    messaging, two = by_kind([KILL, stop, CUT], [kill, other, kill])

    assert (messaging.fault, messaging.acknowledged, messaging.lost) == ("messaging ×2", kill.acknowledged + 4, 2)
    assert (messaging.seconds, messaging.send_pause, messaging.heal) == (9.0, 3.0, 2.5)
    assert (messaging.delivery_pause, messaging.served) == (kill.delivery_pause, kill.served)
    assert (two.fault, two.acknowledged) == ("two parts at once ×1", kill.acknowledged)


def test_the_summary_counts_and_shows_the_first_findings() -> None:
    text = summary([Finding(wrong=Wrong.LOST, at=1.0, what=f"message {number}") for number in range(30)])

    assert text.startswith("30 lost, 0 doubled")
    assert "message 3\n" in text
    assert text.endswith("and 10 more in findings.json")


def test_a_written_entry_is_read_back(tmp_path: Path) -> None:
    story = Story()
    story.change(2, reactions=frozenset({(BOB, "👍")}), media=("file",))
    story.probe(reachable=False)
    write_stored(story.stored, tmp_path / "stored.json")
    write_faults([KILL, CUT], tmp_path / "faults.jsonl")
    lines = [item.line() for item in story.recording().entries]
    (tmp_path / "recordings").mkdir()
    (tmp_path / "recordings" / "a.jsonl").write_text("\n".join(lines) + '\n{"at": 3, "ki')

    assert read_stored(tmp_path / "stored.json") == story.stored
    assert read_faults(tmp_path / "faults.jsonl") == [KILL, CUT]
    assert read_recordings(tmp_path / "recordings").entries == story.recording().entries


def test_a_line_that_is_not_an_entry_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(Entry(at=1, kind=Kind.LIVE, device="d", user="u").line() + "\n{}\n")

    try:
        read_recordings(tmp_path)
    except TypeError:
        return
    raise AssertionError("it was taken for an entry")
