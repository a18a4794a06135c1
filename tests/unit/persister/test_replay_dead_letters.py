"""Replaying dead letters that have become readable, as for a newer program."""

import sqlite3
from pathlib import Path

import pytest

from history.codec import encode
from history.model import ChatEvent
from history.ports import Window
from kernel.errors import ChatlyError, KernelReason, unavailable
from kernel.log.ports import LogPosition
from services.persister.dead_letters import ReplayDeadLetters
from services.persister.errors import PersisterReason
from services.persister.model import ReplayResult
from tests.unit.history.builders import ANN_AND_BOB, ChatBuilder
from tests.unit.persister.harness import Persister

POISON = b"\xff\xff\xff"


@pytest.fixture
def replay(persister: Persister) -> ReplayDeadLetters:
    """Return the use case of a persister that owns no partition."""
    return ReplayDeadLetters(dead_letters=persister.store.dead_letters, log=persister.log)


def make_readable(folder: Path, position: LogPosition, event: ChatEvent) -> None:
    """Replace the stored value of a dead letter with a readable event."""
    with sqlite3.connect(folder / "history.db") as connection:
        where = (position.partition, position.offset)
        connection.execute(
            "UPDATE dead_letters SET value = ? WHERE log_partition = ? AND log_offset = ?", (encode(event), *where)
        )
    connection.close()


async def append_unreadable(persister: Persister) -> LogPosition:
    return await persister.log.append(ANN_AND_BOB, POISON)


async def test_a_readable_dead_letter_gets_the_next_seq_and_leaves_the_list(
    persister: Persister, replay: ReplayDeadLetters, tmp_path: Path
) -> None:
    chat, persist = ChatBuilder(), persister.persist()
    late, early = chat.sent(), chat.sent()
    position = await append_unreadable(persister)
    await persister.append(early)
    await persist.step()
    make_readable(tmp_path, position, late)

    replayed = await replay([])
    await persist.step()

    assert replayed == ReplayResult(1, 0)
    assert await persister.store.dead_letters.count() == 0
    messages = await persister.store.messages.window(ANN_AND_BOB, Window(limit=9))
    assert [(state.message_id, state.seq) for state in messages] == [(late.event_id, 2), (early.event_id, 1)]


async def test_a_replayed_dead_letter_is_published(
    persister: Persister, replay: ReplayDeadLetters, tmp_path: Path
) -> None:
    persist, late = persister.persist(), ChatBuilder().sent()
    position = await append_unreadable(persister)
    await persist.step()
    make_readable(tmp_path, position, late)
    await persister.subscribe()

    await replay([position])
    await persist.step()

    event, watermark = await persister.received()
    assert getattr(event, "event", None) == late
    assert watermark == {position.partition: position.offset + 1}


async def test_a_dead_letter_replayed_twice_is_stored_once(
    persister: Persister, replay: ReplayDeadLetters, tmp_path: Path
) -> None:
    persist, late = persister.persist(), ChatBuilder().sent()
    position = await append_unreadable(persister)
    await persist.step()
    make_readable(tmp_path, position, late)
    await persister.append(late)

    await replay([position])
    await persist.step()

    assert await persister.seqs() == [1]


async def test_an_unreadable_dead_letter_stays_in_the_list(persister: Persister, replay: ReplayDeadLetters) -> None:
    position = await append_unreadable(persister)
    await persister.persist().step()

    assert await replay([position, position]) == ReplayResult(0, 1)
    assert await persister.store.dead_letters.count() == 1
    assert len(persister.log.records()) == 1


async def test_all_dead_letters_are_replayed_page_by_page(persister: Persister, replay: ReplayDeadLetters) -> None:
    persist = persister.persist()
    for _ in range(205):
        await append_unreadable(persister)
    while await persist.step():
        pass

    assert await replay([]) == ReplayResult(0, 205)


async def test_an_unknown_position_is_rejected_and_nothing_is_replayed(
    persister: Persister, replay: ReplayDeadLetters, tmp_path: Path
) -> None:
    position = await append_unreadable(persister)
    await persister.persist().step()
    make_readable(tmp_path, position, ChatBuilder().sent())

    with pytest.raises(ChatlyError) as rejected:
        await replay([position, LogPosition(0, 999)])

    assert rejected.value.reason == PersisterReason.DEAD_LETTER_NOT_FOUND
    assert len(persister.log.records()) == 1


async def test_while_the_log_is_unavailable_nothing_leaves_the_list(
    persister: Persister, replay: ReplayDeadLetters, tmp_path: Path
) -> None:
    position = await append_unreadable(persister)
    await persister.persist().step()
    make_readable(tmp_path, position, ChatBuilder().sent())
    persister.log.unavailable = unavailable(KernelReason.LOG_UNAVAILABLE, "the log is unavailable")

    with pytest.raises(ChatlyError):
        await replay([])

    assert await persister.store.dead_letters.count() == 1
