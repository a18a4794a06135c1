"""What one stream still has to be told."""

from uuid import UUID

from services.presence.model import Connection, Presence
from services.presence.reader import Reader
from tests.unit.presence.fakes import a_user

ANN, BOB = a_user(), a_user()


def a_reader() -> Reader:
    """One that has had its first snapshot."""
    reader = Reader(connection=Connection(ANN, UUID(int=1)), device_id="phone")
    reader.take_snapshot_request()
    return reader


def test_a_reader_who_reads_nothing_costs_one_state_per_contact() -> None:
    reader = a_reader()

    for version in range(1, 1001):
        reader.tell(Presence(BOB, online=version % 2 == 0, version=version))

    assert reader.take_changes() == [Presence(BOB, online=True, version=1000)]
    assert reader.take_changes() == []


def test_a_late_offline_does_not_beat_a_newer_online() -> None:
    reader = a_reader()

    reader.tell(Presence(BOB, online=True, version=2))
    reader.tell(Presence(BOB, online=False, version=1))

    assert reader.take_changes() == [Presence(BOB, online=True, version=2)]


def test_a_snapshot_makes_earlier_changes_needless_but_not_newer_ones() -> None:
    reader = a_reader()
    reader.start_again(frozenset({ANN, BOB}))
    reader.tell(Presence(BOB, version=1))
    assert reader.take_snapshot_request()

    reader.tell(Presence(ANN, version=5))
    reader.tell(Presence(BOB, version=3))
    reader.drop_known({ANN: Presence(ANN, version=5), BOB: Presence(BOB, version=2)})

    assert reader.take_changes() == [Presence(BOB, version=3)]


async def test_waiting_ends_when_there_is_something_to_tell_and_else_in_time() -> None:
    reader = a_reader()
    assert await reader.wait(10)
    assert not await reader.wait(0.01)

    reader.tell(Presence(BOB, version=1))
    assert await reader.wait(10)

    reader.end()
    assert await reader.wait(10)
