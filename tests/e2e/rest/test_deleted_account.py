"""A deleted account leaves nothing personal in the data folder; messages and pictures of groups stay."""

import os
from pathlib import Path
from uuid import uuid4

import httpx

from tests.e2e.mesh import EMBEDDED, Mesh
from tests.e2e.people import PASSWORD, Person, people, rest
from tests.unit.media.samples import a_jpeg, a_png
from tests.waiting import eventually

ADDRESS = "127.0.77.177"
DEVICE = "Ann's borrowed tablet"
BIO = "Collects rare teapots in Graz."
STATUS = "hiding behind the teapots"


def left_in(folder: Path, planted: dict[str, bytes]) -> set[str]:
    """Return the names of the planted parts that are in any file of the folder."""
    found: set[str] = set()
    # Files may be deleted meanwhile.
    for path in (Path(parent, name) for parent, _, names in os.walk(folder) for name in names):
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            continue
        found |= {name for name, part in planted.items() if part in content}
    return found


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
