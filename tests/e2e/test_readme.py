"""The example of the README works, line by line."""

import asyncio
import json
import re
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from tests.e2e.mesh import Mesh

README = Path(__file__).parents[2] / "README.md"


def example(url: str) -> str:
    """Return its lines with the address of this mesh."""
    (block,) = re.findall(r"```sh\n(CHATLY=.*?)```", README.read_text(), re.DOTALL)
    script, replaced = re.subn(r"^CHATLY=.*$", f"CHATLY={url}", block, count=1, flags=re.MULTILINE)
    assert replaced == 1
    return script


@pytest.mark.toolchain("curl")
async def test_two_people_register_find_each_other_and_talk(mesh: Mesh) -> None:
    bash = await asyncio.create_subprocess_exec("bash", "-euo", "pipefail", stdin=PIPE, stdout=PIPE, stderr=PIPE)
    printed, complaints = await bash.communicate(example(mesh.url).encode())

    assert bash.returncode == 0, complaints.decode()
    decoder, answers, rest = json.JSONDecoder(), [], printed.decode()
    while rest := rest.strip():
        answer, end = decoder.raw_decode(rest)
        answers.append(answer)
        rest = rest[end:]
    ada, ben, sent, history = answers
    assert (ada["username"], ben["username"]) == ("ada", "ben")
    assert sent["message"]["text"] == "hello 👋"
    assert [message["message_id"] for message in history["messages"]] == [sent["message"]["message_id"]]
