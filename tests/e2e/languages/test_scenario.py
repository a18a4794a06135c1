"""The same scenario with clients in four languages, through the edge."""

import httpx
import pytest

from tests.e2e.languages.accounts import log_in
from tests.e2e.languages.programs import GO, JAVA, NODE, PYTHON, Program, build, run
from tests.e2e.mesh import Mesh

STEPS = [
    "register and log in",
    "find each other",
    "subscribe",
    "send",
    "react",
    "edit",
    "delete",
    "upload and download",
    "lose the connection and resume",
    "renew the access token",
]


@pytest.fixture(
    params=[
        pytest.param(PYTHON, id="python"),
        pytest.param(GO, id="go", marks=pytest.mark.toolchain("go")),
        pytest.param(NODE, id="node", marks=pytest.mark.toolchain("npm")),
        pytest.param(JAVA, id="java", marks=pytest.mark.toolchain("mvn")),
    ]
)
def program(request: pytest.FixtureRequest) -> Program:
    program: Program = request.param
    build(program)
    return program


# The first build on a machine downloads dependencies.
@pytest.mark.timeout(400)
async def test_a_client_completes_every_step(program: Program, mesh: Mesh) -> None:
    name = f"scenario-{program.language}"

    printed = await run(program, "scenario", "--edge", mesh.edge, "--name", name)

    assert printed == [f"ok {step}" for step in STEPS]
    async with httpx.AsyncClient(base_url=mesh.url) as client:
        await _holds_what_was_said(await log_in(client, f"{name}-ben"))


async def _holds_what_was_said(ben: httpx.AsyncClient) -> None:
    """The chat is the same for any language."""
    (chat,) = (await ben.get("/api/chats")).json()["chats"]
    messages = (await ben.get(f"/api/chats/{chat['chat_id']}/messages")).json()["messages"]
    away = [f"While you were away {number}" for number in range(1, 6)]
    assert [each["text"] for each in messages] == ["Hello Ben!", "", "Two files", *away, "Welcome back"]
    greeting, deleted, files, *_ = messages
    assert [each["emoji"] for each in greeting["reactions"]] == ["👍"]
    assert greeting["edited_at"]
    assert deleted["deleted_for_everyone"]
    assert [each["content_type"] for each in files["attachments"]] == ["image/jpeg", "application/pdf"]
