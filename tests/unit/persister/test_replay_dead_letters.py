"""Dead letters that can be read at last, as by a newer program."""

import sqlite3
from pathlib import Path

import pytest

from history.codec import encode
from history.errors import HistoryReason
from history.model import ChatEvent
from history.ports import Window
from kernel.errors import ChatlyError, KernelReason, unavailable
from kernel.log.ports import LogPosition
from services.persister.replay_dead_letters import ReplayDeadLetters, Replayed
from tests.unit.history.builders import ANN_AND_BOB, ChatBuilder
from tests.unit.persister.plant import Plant

POISON = b"\xff\xff\xff"


@pytest.fixture
def replay(plant: Plant) -> ReplayDeadLetters:
    """Of a persister that has no partition."""
    return ReplayDeadLetters(dead_letters=plant.store.dead_letters, log=plant.log)


def mend(folder: Path, position: LogPosition, event: ChatEvent) -> None:
    """Let a dead letter be one that this program can read."""
    with sqlite3.connect(folder / "history.db") as connection:
        where = (position.partition, position.offset)
        connection.execute(
            "UPDATE dead_letters SET value = ? WHERE log_partition = ? AND log_offset = ?", (encode(event), *where)
        )
    connection.close()


async def poisoned(plant: Plant) -> LogPosition:
    return await plant.log.append(ANN_AND_BOB, POISON)


async def test_what_can_be_read_gets_the_next_number_and_leaves_the_list(
    plant: Plant, replay: ReplayDeadLetters, tmp_path: Path
) -> None:
    chat, persist = ChatBuilder(), plant.persist()
    late, early = chat.sent(), chat.sent()
    place = await poisoned(plant)
    await plant.append(early)
    await persist.step()
    mend(tmp_path, place, late)

    replayed = await replay([])
    await persist.step()

    assert replayed == Replayed(1, 0)
    assert await plant.store.dead_letters.count() == 0
    messages = await plant.store.messages.window(ANN_AND_BOB, Window(limit=9))
    assert [(state.message_id, state.seq) for state in messages] == [(late.event_id, 2), (early.event_id, 1)]


async def test_who_is_connected_is_told(plant: Plant, replay: ReplayDeadLetters, tmp_path: Path) -> None:
    persist, late = plant.persist(), ChatBuilder().sent()
    place = await poisoned(plant)
    await persist.step()
    mend(tmp_path, place, late)
    await plant.listen()

    await replay([place])
    await persist.step()

    told, watermark = await plant.heard()
    assert getattr(told, "event", None) == late
    assert watermark == {place.partition: place.offset + 1}


async def test_what_was_replayed_and_not_taken_off_changes_nothing_the_second_time(
    plant: Plant, replay: ReplayDeadLetters, tmp_path: Path
) -> None:
    persist, late = plant.persist(), ChatBuilder().sent()
    place = await poisoned(plant)
    await persist.step()
    mend(tmp_path, place, late)
    await plant.append(late)

    await replay([place])
    await persist.step()

    assert await plant.seqs() == [1]


async def test_what_still_cannot_be_read_stays(plant: Plant, replay: ReplayDeadLetters) -> None:
    place = await poisoned(plant)
    await plant.persist().step()

    assert await replay([place, place]) == Replayed(0, 1)
    assert await plant.store.dead_letters.count() == 1
    assert len(plant.log.records()) == 1


async def test_many_are_replayed_page_by_page(plant: Plant, replay: ReplayDeadLetters) -> None:
    persist = plant.persist()
    for _ in range(205):
        await poisoned(plant)
    while await persist.step():
        pass

    assert await replay([]) == Replayed(0, 205)


async def test_an_unknown_place_is_refused_and_nothing_is_replayed(
    plant: Plant, replay: ReplayDeadLetters, tmp_path: Path
) -> None:
    place = await poisoned(plant)
    await plant.persist().step()
    mend(tmp_path, place, ChatBuilder().sent())

    with pytest.raises(ChatlyError) as refused:
        await replay([place, LogPosition(0, 999)])

    assert refused.value.reason == HistoryReason.DEAD_LETTER_NOT_FOUND
    assert len(plant.log.records()) == 1


async def test_while_the_log_is_away_nothing_leaves_the_list(
    plant: Plant, replay: ReplayDeadLetters, tmp_path: Path
) -> None:
    place = await poisoned(plant)
    await plant.persist().step()
    mend(tmp_path, place, ChatBuilder().sent())
    plant.log.unavailable = unavailable(KernelReason.LOG_UNAVAILABLE, "away")

    with pytest.raises(ChatlyError):
        await replay([])

    assert await plant.store.dead_letters.count() == 1
