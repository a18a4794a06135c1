"""`chatly erase` removes a user from every service, and says what it removed and what stays."""

from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.e2e.commands.chatly import chatly
from tests.e2e.mesh import Mesh
from tests.e2e.people import PASSWORD, Person, people, rest
from tests.e2e.rest.talk import upload
from tests.unit.media.samples import a_png


async def texts(client: httpx.AsyncClient, reader: Person, other: Person) -> list[str]:
    answer = await client.get(f"/api/messages/{other.user_id}", headers=reader.headers)
    assert answer.status_code == 200, answer.text
    return [message["text"] for message in answer.json()["messages"]]


async def two_who_talked(client: httpx.AsyncClient, mesh: Mesh) -> tuple[Person, Person]:
    """Return two users. The first has sent two messages, one with a file, and is in a group of the second."""
    ann, bob = await people(mesh, "erased", "bob")
    group = {"client_group_id": str(uuid4()), "title": "Teapots", "member_ids": [ann.user_id]}
    assert (await client.post("/api/groups", json=group, headers=bob.headers)).status_code == 200
    media_id = (await upload(client, ann, "teapot.png", a_png(20, 21)))["media_id"]
    for sent in ({"text": "one"}, {"text": "two", "media_ids": [media_id]}):
        body = {**sent, "client_message_id": str(uuid4())}
        assert (await client.post(f"/api/messages/{bob.user_id}", json=body, headers=ann.headers)).status_code == 200
    return ann, bob


async def test_a_user_is_erased_by_name_and_the_command_says_what_it_removed(mesh: Mesh) -> None:
    async with rest(mesh) as client:
        ann, bob = await two_who_talked(client, mesh)

        done = await chatly(mesh.environ, "erase", ann.username.upper(), "--yes")

        assert done.exit_code == 0, done.output
        assert f"account {ann.user_id}: profile, 1 session with devices and addresses, 0 blocks" in done.output
        assert "messaging  2 messages, 1 file, 1 membership of groups" in done.output
        assert "CHATLY_LOG_RETENTION_DAYS" in done.output
        assert await texts(client, bob, ann) == ["", ""]
        login = {"email": ann.email, "password": PASSWORD}
        assert (await client.post("/api/auth/login", json=login)).status_code == 401

        again = await chatly(mesh.environ, "erase", ann.user_id, "--yes")
        assert again.exit_code == 0, again.output
        assert "messaging  0 messages, 0 files, 0 memberships of groups" in again.output


async def test_messages_can_be_kept_and_nothing_happens_without_confirmation(mesh: Mesh) -> None:
    async with rest(mesh) as client:
        ann, bob = await two_who_talked(client, mesh)

        declined = await chatly(mesh.environ, "erase", ann.user_id)
        assert declined.exit_code == 3, declined.output
        assert "Nothing was deleted." in declined.output
        assert (await client.get("/api/profile/me", headers=ann.headers)).status_code == 200

        kept = await chatly(mesh.environ, "erase", ann.user_id, "--keep-messages", "--yes")
        assert kept.exit_code == 0, kept.output
        assert await texts(client, bob, ann) == ["one", "two"]


@pytest.mark.parametrize("user", ["nobody-has-this-name", "4f6d1f0e-3f55-4c36-9f0a-8f2f6a3b1c77"])
async def test_an_unknown_user_is_reported(mesh: Mesh, user: str) -> None:
    unknown = await chatly(mesh.environ, "erase", user, "--yes")

    assert unknown.exit_code == 1, unknown.output
    assert "user not found" in unknown.output


async def test_a_mesh_that_does_not_run_is_reported(tmp_path: Path) -> None:
    stopped = await chatly({"CHATLY_DATA_DIR": str(tmp_path)}, "erase", "ann", "--yes")

    assert stopped.exit_code == 2, stopped.output
    assert f"no mesh runs on {tmp_path}: start it" in stopped.output
