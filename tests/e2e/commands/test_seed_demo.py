"""`chatly seed-demo` fills a mesh once, however often it is called."""

from typing import Any

import httpx
import pytest

from tests.e2e.commands.chatly import chatly
from tests.e2e.mesh import Mesh
from tests.e2e.people import rest

Json = dict[str, Any]


async def seen_by_maya(client: httpx.AsyncClient) -> tuple[list[Json], int]:
    """Maya's chats, and the number of messages in the first one."""
    account = {"email": "maya@demo.example", "password": "chatly-demo"}
    token = (await client.post("/api/auth/login", json=account)).json()["token"]
    headers = {"authorization": f"Bearer {token}"}
    chats = (await client.get("/api/chats", headers=headers)).json()["chats"]
    counted, page_token = 0, ""
    while True:
        query: dict[str, str | int] = {"page_size": 200, "page_token": page_token}
        path = f"/api/chats/{chats[0]['chat_id']}/messages"
        page = (await client.get(path, params=query, headers=headers)).json()
        counted, page_token = counted + len(page["messages"]), page["next_page_token"]
        if not page_token:
            return chats, counted


@pytest.mark.timeout(120)
async def test_a_second_run_adds_nothing(mesh: Mesh) -> None:
    async with rest(mesh) as client:
        first = await chatly(mesh.environ, "seed-demo")
        once = await seen_by_maya(client)
        second = await chatly(mesh.environ, "seed-demo")
        twice = await seen_by_maya(client)

    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert len(once[0]) >= 3
    assert once == twice


async def test_a_missing_mesh_is_reported_with_its_address(tmp_path_factory: pytest.TempPathFactory) -> None:
    nowhere = Mesh(tmp_path_factory.mktemp("nowhere"), {})
    ended = await chatly(nowhere.environ, "seed-demo")

    assert ended.exit_code == 1
    assert "make run" in ended.output
    assert f"No answer at http://{nowhere.edge}" in ended.output
