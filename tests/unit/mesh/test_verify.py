"""`chatly verify` finds each kind of damage in a data folder, and none in a sound one."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from history.codec import encode
from kernel.ids import time_key
from mesh.verify import CLEAN, FAULTY, UNCHECKED, verify
from services.media.model import Variant
from tests.unit.history.builders import ANN, ANN_AND_BOB, BOB, CAT
from tests.unit.mesh.harness import CONTENT, DataFolder, append, blob_of

HISTORY = "history.db"
Damage = Callable[[DataFolder], object]


def damage(database: str, statement: str, *, message: str = "") -> Damage:
    """Return a change of a database. `?` stands for the id of the message."""

    def run(folder: DataFolder) -> None:
        params = [time_key(getattr(folder, message).event_id)] if message else []
        folder.execute(database, statement, *params)

    return run


def repeat_an_event(folder: DataFolder) -> None:
    """Store the first event a second time, at another ordinal."""
    with closing(sqlite3.connect(folder.path / HISTORY)) as connection, connection:
        connection.execute("DROP INDEX events_by_id")
        connection.execute(
            "INSERT INTO events SELECT chat_id, log_partition, 99, event_id, text_of, value FROM events"
            " WHERE event_id = ?",
            (time_key(folder.first.event_id),),
        )


def repeat_a_send(folder: DataFolder) -> None:
    """Store an event that sends the first message again."""
    copy = replace(folder.mesh.chat.sent(), change=folder.first.change)
    folder.execute(
        HISTORY,
        "INSERT INTO events SELECT chat_id, log_partition, 99, ?, NULL, ? FROM events WHERE event_id = ?",
        *(time_key(copy.event_id), encode(copy), time_key(folder.first.event_id)),
    )


def replace_a_record(folder: DataFolder) -> None:
    """Put an event that nobody stored in place of a record."""
    event = folder.mesh.chat.sent()
    folder.execute(
        "log.db", "UPDATE records SET value = ? WHERE log_offset = 1 AND key = ?", encode(event), ANN_AND_BOB
    )


def overwrite(path: Path) -> None:
    """Overwrite the second page of a file."""
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"x" * 4096 + content[8192:])


DAMAGES = {
    "a message is deleted": (
        damage(HISTORY, "DELETE FROM messages WHERE message_id = ?", message="first"),
        "is missing (seq 1)",
    ),
    "a seq is changed": (
        damage(HISTORY, "UPDATE messages SET seq = 7 WHERE message_id = ?", message="with_file"),
        "has seq 7 instead of 2",
    ),
    "a text is changed": (
        damage(HISTORY, "UPDATE messages SET content = 'x' WHERE message_id = ?", message="with_file"),
        "differs from its events in: text",
    ),
    "an edit is lost": (
        damage(HISTORY, "UPDATE messages SET edit_event_id = NULL WHERE message_id = ?", message="first"),
        "differs from its events in: text, last edit",
    ),
    "a removed reaction is back": (damage(HISTORY, "UPDATE reactions SET present = 1"), "in: reactions"),
    "a deletion is undone": (
        damage(HISTORY, "UPDATE messages SET deleted_for_everyone = 0 WHERE deleted_for_everyone"),
        "in: deleted for everyone",
    ),
    "a private deletion is undone": (
        damage(HISTORY, "UPDATE messages SET deleted_for = '[]' WHERE message_id = ?", message="first"),
        "users who deleted it for themselves",
    ),
    "an event is deleted": (
        damage(HISTORY, "DELETE FROM events WHERE text_of = ? AND log_offset < 2", message="with_file"),
        "is stored (seq 2), but its events are not",
    ),
    "an event is unreadable": (damage(HISTORY, "UPDATE events SET value = x'ff'"), "cannot be read"),
    "a send is lost": (damage(HISTORY, "DELETE FROM sends"), "is missing"),
    "a send has no message": (
        damage(HISTORY, "INSERT INTO sends SELECT 'nobody', client_message_id, chat_id, zeroblob(16) FROM sends"),
        "which is not stored",
    ),
    "a head is deleted": (damage(HISTORY, "DELETE FROM chats"), "but no head"),
    "a head is moved back": (damage(HISTORY, "UPDATE chats SET head_offset = 1"), "its head is at ordinal 1"),
    "a newest message is wrong": (damage(HISTORY, "UPDATE chats SET last_message_id = NULL"), "its newest message is"),
    "a membership is lost": (
        damage(HISTORY, "DELETE FROM members WHERE role IS NOT NULL"),
        f"it is missing from the list of user {CAT}",
    ),
    "a role is changed": (
        damage(HISTORY, "UPDATE members SET role = 3 WHERE role = 1"),
        f"the membership of user {BOB} differs",
    ),
    "a read mark is moved": (
        damage(HISTORY, "UPDATE members SET read_message_id = NULL"),
        f"user {ANN} has read up to None",
    ),
    "a group's title is lost": (damage(HISTORY, "DELETE FROM chat_details WHERE name = 'title'"), "its title differs"),
    "an event is repeated": (
        repeat_an_event,
        "is stored at ordinals",
    ),
    "a send is repeated": (repeat_a_send, "repeats message"),
    "the log lost its end": (
        damage("log.db", "DELETE FROM records WHERE log_offset > 3"),
        "the log lost its last records",
    ),
    "the log is another one": (damage("log.db", "UPDATE facts SET log_id = 'other'"), "replaced by another one"),
    "the persister skipped a record": (replace_a_record, "was skipped: it is not stored"),
    "a file's metadata are lost": (damage("media.db", "DELETE FROM media"), "its metadata is missing"),
    "a file is lost": (lambda folder: blob_of(folder, Variant.ORIGINAL).unlink(), "its file is missing"),
    "a thumbnail is lost": (lambda folder: blob_of(folder, Variant.THUMBNAIL).unlink(), "its thumbnail is missing"),
    "a file is cut": (
        lambda folder: blob_of(folder, Variant.ORIGINAL).write_bytes(CONTENT[:-1]) and None,
        f"its file does not have {len(CONTENT)} bytes",
    ),
    "a file is longer": (
        lambda folder: blob_of(folder, Variant.ORIGINAL).write_bytes(CONTENT + b"!") and None,
        f"its file does not have {len(CONTENT)} bytes",
    ),
    "a database is overwritten": (lambda folder: overwrite(folder.path / HISTORY), "the file is damaged"),
}


async def test_a_sound_folder_has_no_fault(folder: DataFolder) -> None:
    code, output = await folder.verified(read_files=True)

    assert code == CLEAN, output
    assert "Checked 2 chats, 4 messages, 12 events, 1 files, 13 records of the log." in output
    assert output.endswith("No faults.")


async def test_records_that_are_not_stored_yet_are_no_fault(folder: DataFolder) -> None:
    async with folder.mesh.run() as run:
        await append(run, [folder.mesh.chat.sent(), folder.mesh.chat.sent()])

    code, output = await folder.verified()

    assert code == CLEAN, output
    assert "2 records of the log are not stored yet" in output


@pytest.mark.parametrize("name", DAMAGES)
async def test_damage_is_found(folder: DataFolder, name: str) -> None:
    change, text = DAMAGES[name]
    change(folder)

    code, output = await folder.verified()

    assert code == FAULTY, output
    assert text in output
    assert "secret" not in output


async def test_a_file_with_other_bytes_is_found_if_all_files_are_read(folder: DataFolder) -> None:
    blob_of(folder, Variant.ORIGINAL).write_bytes(CONTENT.swapcase())

    assert (await folder.verified())[0] == CLEAN
    code, output = await folder.verified(read_files=True)

    assert (code, "its file has other bytes than were uploaded" in output) == (FAULTY, True)


async def test_a_folder_without_a_mesh_cannot_be_checked(tmp_path: Path) -> None:
    lines: list[str] = []

    code = await verify({"CHATLY_DATA_DIR": str(tmp_path / "none")}, lines.append)

    assert code == UNCHECKED
    assert "Set CHATLY_DATA_DIR" in lines[0]
    assert not (tmp_path / "none").exists()
