"""A lost log excuses what only it had, and nothing else."""

from dataclasses import replace
from pathlib import Path

from tests.faults.checker.check import check
from tests.faults.checker.findings import Finding, Wrong
from tests.faults.checker.losses import Loss, fact_of, kept_deletions, read_losses, without_lost, write_losses
from tests.faults.checker.promise import unreported
from tests.faults.checker.recording import Kind
from tests.faults.checker.timeline import Action, Fault
from tests.faults.story import ANN, BOB, Story, message_id, send_id, sender_of

LOSS = Loss(at=6.5, reported=True, stored=frozenset())


def stored_up_to(number: int) -> Loss:
    """Return a loss at 6.5 s, when the first messages were stored."""
    return replace(LOSS, stored=frozenset(("sent", sender_of(each), send_id(each)) for each in range(1, number + 1)))


def losing(story: Story, *numbers: int) -> None:
    """Remove messages from every history."""
    gone = {message_id(number) for number in numbers}
    story.change_views(
        lambda view: replace(
            view,
            messages=tuple(each for each in view.messages if each.message not in gone),
            read=message_id(min(numbers) - 1),
        )
    )


def findings(story: Story, *losses: Loss) -> tuple[list[Finding], int]:
    """Return the findings, and the number of messages whose loss is excused."""
    kept, missing = without_lost(story.recording(), story.stored, losses)
    return check(kept, story.stored), len(missing)


def wrong(story: Story, *losses: Loss) -> set[str]:
    return {finding.wrong for finding in findings(story, *losses)[0]}


def test_what_only_a_lost_log_had_may_be_missing_and_is_counted() -> None:
    story = Story()
    losing(story, 5, 6)

    assert findings(story, stored_up_to(4)) == ([], 2)


def test_a_loss_that_was_not_reported_excuses_nothing() -> None:
    story = Story()
    losing(story, 5, 6)

    assert wrong(story, replace(stored_up_to(4), reported=False)) == {Wrong.LOST}
    assert wrong(story) == {Wrong.LOST}


def test_a_stored_message_must_not_be_missing() -> None:
    story = Story()
    losing(story, 5, 6)

    found, missing = findings(story, stored_up_to(5))

    assert {(finding.wrong, finding.at) for finding in found} == {(Wrong.LOST, 5.1)}
    assert missing == 1


def test_what_was_acknowledged_after_the_loss_must_not_be_missing() -> None:
    story = Story()
    losing(story, 6)

    assert wrong(story, replace(stored_up_to(5), at=6.05)) == {Wrong.LOST}
    assert findings(story, replace(stored_up_to(5), at=6.15)) == ([], 1)


def test_a_message_that_one_history_shows_must_be_in_all_of_them() -> None:
    story = Story()
    story.change_views(
        lambda view: replace(view, messages=view.messages[:-1], read=message_id(5)), node="messaging-2", member=BOB
    )

    assert wrong(story, stored_up_to(4)) == {Wrong.LOST}


def test_changes_of_a_lost_log_may_be_missing_and_stored_ones_may_not() -> None:
    story = Story()
    story.add(Kind.EDITING, 6.1, ANN, message=message_id(1), text="edited")
    story.add(Kind.EDITED, 6.2, ANN, message=message_id(1), text="edited")
    story.add(Kind.REACTING, 6.1, ANN, message=message_id(2), emoji="👍")
    story.add(Kind.REACTED, 6.2, ANN, message=message_id(2), emoji="👍", present=True)
    story.add(Kind.REACTION, 6.3, BOB, message=message_id(2), emoji="👍", sender=ANN, present=True)
    story.add(Kind.DELETED, 6.2, ANN, message=message_id(3))
    story.add(Kind.GONE, 6.3, BOB, message=message_id(3))
    story.add(Kind.PAGED, 6.4, BOB, shown=tuple(map(message_id, range(1, 7))))
    changes = {Wrong.EDIT, Wrong.REACTION, Wrong.RESURRECTED}
    assert wrong(story) == changes

    assert findings(story, stored_up_to(6)) == ([], 0)

    facts = {fact for item in story.entries if (fact := fact_of(item)) is not None}
    assert wrong(story, replace(LOSS, stored=frozenset(facts))) == changes


def test_files_of_deletions_that_a_lost_log_took_need_not_go() -> None:
    story = Story()
    for number in (1, 2, 3):
        story.add(Kind.DELETED, 6.2, ANN, message=message_id(number))
    story.add(Kind.DELETED, 9.0, ANN, message=message_id(4))
    story.change(2, deleted=True)
    loss = replace(LOSS, at=7.0, stored=stored_up_to(6).stored | {("deleted", message_id(1))})

    def gone(*losses: Loss) -> list[str]:
        return sorted(kept_deletions(story.recording(), story.stored, losses))

    assert gone(loss) == [message_id(number) for number in (1, 2, 4)]
    assert gone() == gone(replace(loss, reported=False)) == [message_id(number) for number in (1, 2, 3, 4)]


def test_changes_that_the_store_got_after_all_are_no_findings() -> None:
    """The persister may store what it had read of the lost log after the store was asked."""
    story = Story()
    for second, text in ((1, "first"), (2, "second")):
        story.add(Kind.EDITED, 6 + second / 10, ANN, message=message_id(1), text=text)
        story.add(Kind.EDIT, 6 + second / 10, BOB, message=message_id(1), text=text, event=message_id(second))
    for second, present in ((3, True), (4, False)):
        story.add(Kind.REACTED, 6 + second / 10, ANN, message=message_id(2), emoji="👍", present=present)
        story.add(
            Kind.REACTION,
            6 + second / 10,
            BOB,
            message=message_id(2),
            emoji="👍",
            sender=ANN,
            present=present,
            event=message_id(second),
        )
    first = frozenset({("edited", message_id(1), "first"), ("reacted", ANN, message_id(2), "👍", "True")})
    loss = replace(LOSS, stored=stored_up_to(6).stored | first)
    story.change(1, text="second")

    assert findings(story, loss) == ([], 0)


def test_a_loss_or_a_wrong_clock_that_is_not_reported_is_found() -> None:
    fault = Fault(action=Action.LOST_LOG, parts=("kafka-1",), began=1, ended=2, served=3)

    assert unreported([fault]) == []
    (found,) = unreported([replace(fault, unreported="no new epoch of the log")])
    assert (found.wrong, found.at, found.what) == (Wrong.UNREPORTED, 1, "lost log: no new epoch of the log")


def test_a_written_loss_is_read_back(tmp_path: Path) -> None:
    write_losses([stored_up_to(2)], tmp_path / "losses.jsonl")

    assert read_losses(tmp_path / "losses.jsonl") == [stored_up_to(2)]
    assert read_losses(tmp_path / "none.jsonl") == []
