"""A deleted account leaves nothing personal in the data folder; messages and pictures of groups stay."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import httpx

from tests.e2e.mesh import EMBEDDED, Mesh
from tests.e2e.people import PASSWORD, Person, people, rest
from tests.e2e.rest.talk import upload
from tests.unit.media.samples import a_jpeg, a_png
from tests.waiting import eventually

ADDRESS = "127.0.77.177"
DEVICE = "Ann's borrowed tablet"
BIO = "Collects rare teapots in Graz."
STATUS = "hiding behind the teapots"


def left_in(folder: Path, planted: dict[str, bytes], *, but: str = "") -> set[str]:
    """Return the names of the planted parts that are in any file of the folder, except files named `but`…."""
    found: set[str] = set()
    # Files may be deleted meanwhile.
    for path in (Path(parent, name) for parent, _, names in os.walk(folder) for name in names):
        if but and path.name.startswith(but):
            continue
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue
        found |= {name for name, part in planted.items() if part in content}
    return found


def empty_wal(path: Path) -> None:
    """Empty the WAL of a database, which the mesh does hourly."""
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


async def with_picture(client: httpx.AsyncClient, person: Person, picture: bytes) -> str:
    """Set a profile picture and return its path."""
    files = {"avatar": ("teapot-portrait.png", picture)}
    answer = await client.put("/api/profile/me", data={"bio": BIO}, files=files, headers=person.headers)
    assert answer.status_code == 200, answer.text
    url: str = answer.json()["user"]["avatar_url"]
    return url


async def a_group_with_picture(client: httpx.AsyncClient, person: Person) -> str:
    """Create a group whose picture the person uploaded, and return the path of the picture."""
    uploaded = await client.put(
        "/api/profile/me", files={"avatar": ("group.png", a_png(31, 30))}, headers=person.headers
    )
    media_id = uploaded.json()["user"]["avatar_media_id"]
    group = {"client_group_id": str(uuid4()), "title": "Teapots", "avatar_media_id": media_id}
    created = await client.post("/api/groups", json=group, headers=person.headers)
    assert created.status_code == 200, created.text
    return f"/api/uploads/{media_id}"


async def served(client: httpx.AsyncClient, url: str, person: Person) -> bytes:
    answer = await client.get(url, headers=person.headers)
    assert answer.status_code == 200, answer.text
    return answer.content


@EMBEDDED
async def test_nothing_personal_is_left_after_deleting_the_account(mesh: Mesh) -> None:
    ann, bob = await people(mesh, "annabella", "bob")
    async with rest(mesh) as client, rest(mesh, address=ADDRESS) as tablet:
        login = {"email": ann.email, "password": PASSWORD, "device_name": DEVICE}
        assert (await tablet.post("/api/auth/login", json=login)).status_code == 200
        of_group = await a_group_with_picture(client, ann)
        urls = [await with_picture(client, ann, picture) for picture in (a_png(33, 32), a_jpeg(600, 500))]
        pictures = [await served(client, url, bob) for url in (*urls, f"{urls[1]}?variant=thumbnail")]
        status = {"status": {"text": STATUS}}
        assert (await client.put("/api/presence/status", json=status, headers=ann.headers)).status_code == 200
        sent = {"text": "the teapots stay", "client_message_id": str(uuid4())}
        assert (await client.post(f"/api/messages/{bob.user_id}", json=sent, headers=ann.headers)).status_code == 200
        planted = {
            **{f"picture {number}": content for number, content in enumerate(pictures)},
            "name of the picture": b"teapot-portrait.png",
            "bio": BIO.encode(),
            "status": STATUS.encode(),
            "device": DEVICE.encode(),
            "address": ADDRESS.encode(),
            "e-mail": ann.email.encode(),
            "username": ann.username.encode(),
        }
        assert left_in(mesh.data_dir, planted) == set(planted)

        deleted = await client.post("/api/auth/delete-account", json={"password": PASSWORD}, headers=ann.headers)

        assert deleted.status_code == 200, deleted.text
        await eventually(lambda: left_in(mesh.data_dir, planted) == set(), "everything personal is gone", seconds=30)
        for url in urls:
            assert (await client.get(url, headers=bob.headers)).status_code == 404
        assert await served(client, of_group, bob)
        messages = await client.get(f"/api/messages/{ann.user_id}", headers=bob.headers)
        assert [message["text"] for message in messages.json()["messages"]] == ["the teapots stay"]


async def with_file(client: httpx.AsyncClient, person: Person, chat: str, text: str, content: bytes) -> list[bytes]:
    """Send a message with one picture to `chat`, a path of the API. Return the picture as stored and its thumbnail."""
    media_id = (await upload(client, person, "teapot.png", content))["media_id"]
    sent = {"text": text, "client_message_id": str(uuid4()), "media_ids": [media_id]}
    answer = await client.post(chat, json=sent, headers=person.headers)
    assert answer.status_code == 200, answer.text
    url = f"/api/uploads/{media_id}"
    return [await served(client, path, person) for path in (url, f"{url}?variant=thumbnail")]


async def texts(client: httpx.AsyncClient, chat: str, person: Person) -> list[str]:
    answer = await client.get(chat, headers=person.headers)
    assert answer.status_code == 200, answer.text
    return sorted(message["text"] for message in answer.json()["messages"])


@EMBEDDED
async def test_messages_and_files_are_gone_everywhere_but_in_the_log_if_the_user_chooses(mesh: Mesh) -> None:
    ann, bob = await people(mesh, "annalena", "bobby")
    async with rest(mesh) as client:
        group = {"client_group_id": str(uuid4()), "title": "Teapots", "member_ids": [ann.user_id]}
        group_id = (await client.post("/api/groups", json=group, headers=bob.headers)).json()["chat"]["chat_id"]
        of_group = f"/api/chats/{group_id}/messages"
        direct, seen_by_bob = f"/api/messages/{bob.user_id}", f"/api/messages/{ann.user_id}"
        pictures = [
            *await with_file(client, ann, direct, "planted in the chat", a_jpeg(601, 500)),
            *await with_file(client, ann, of_group, "planted in the group", a_jpeg(602, 500)),
        ]
        answer = {"text": "an answer", "client_message_id": str(uuid4())}
        assert (await client.post(seen_by_bob, json=answer, headers=bob.headers)).status_code == 200
        await client.post(f"/api/groups/{group_id}/leave", headers=ann.headers)
        planted = {
            "text in the chat": b"planted in the chat",
            "text in the group": b"planted in the group",
            **{f"picture {number}": content for number, content in enumerate(pictures)},
        }
        await eventually(lambda: left_in(mesh.data_dir, planted) == set(planted), "everything is stored")

        choice = {"password": PASSWORD, "delete_messages": True}
        deleted = await client.post("/api/auth/delete-account", json=choice, headers=ann.headers)

        assert deleted.status_code == 200, deleted.text

        def gone() -> bool:
            empty_wal(mesh.data_dir / "history.db")
            return left_in(mesh.data_dir, planted, but="log.db") == set()

        await eventually(gone, "all messages are gone", seconds=30)
        assert await texts(client, seen_by_bob, bob) == ["", "an answer"]
        assert await texts(client, of_group, bob) == [""]
        found = await client.get("/api/messages/search", params={"query": "planted"}, headers=bob.headers)
        assert found.status_code == 200, found.text
        assert found.json().get("messages", []) == []
