"""Text deleted for everyone is not in the store's files."""

from pathlib import Path

from history.open import open_history
from tests.unit.history.builders import PHOTO, ChatBuilder, records_of


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_nothing_of_a_deleted_message_is_left_in_the_files(tmp_path: Path) -> None:
    chat = ChatBuilder()
    # Long enough to fill several pages.
    sent = chat.sent(text="the secret " * 1_000, attachments=(PHOTO,))
    edited = chat.edited(sent, "the other secret " * 1_000)
    kept = chat.sent(text="what stays")
    async with open_history(tmp_path) as store:
        await store.writer.apply(records_of([sent, edited, kept]))
        await store.writer.apply(records_of([chat.deleted_for_everyone(sent)], start=3))

    files = everything_in(tmp_path)
    assert b"what stays" in files
    assert b"secret" not in files
