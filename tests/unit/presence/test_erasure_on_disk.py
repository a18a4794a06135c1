"""Status and last seen time of an erased user are not in the store's files."""

from pathlib import Path

from services.presence.adapters.sqlite import open_sqlite_profile_store
from services.presence.model import CustomStatus
from tests.builders import NOON
from tests.unit.presence.harness import a_user


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_nothing_of_an_erased_profile_is_left_in_the_files(tmp_path: Path) -> None:
    ann, bob = a_user(), a_user()
    async with open_sqlite_profile_store(tmp_path / "presence.db") as store:
        await store.record_seen({ann: NOON, bob: NOON})
        await store.set_status(ann, CustomStatus("in the secret garden", "🌳"))
        await store.set_status(ann, CustomStatus("at the secret lake", "🌊"))
        await store.set_status(bob, CustomStatus("what stays", ""))

        await store.erase(ann)

        # The store is open: the rest of its WAL counts too.
        found = everything_in(tmp_path)
    assert b"what stays" in found
    assert b"secret" not in found
    assert ann.encode() not in found
