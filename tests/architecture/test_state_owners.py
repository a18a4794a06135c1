"""The state of a stream has one owner: only the file of a class writes its fields."""

import ast
from pathlib import Path

import pytest

from services.messaging.live.send_queue import SendQueue
from services.messaging.live.subscriber import Subscriber

ROOT = Path(__file__).resolve().parents[2]
LIVE = ROOT / "services/messaging/live"
FIELDS = {"subscriber.py": set(Subscriber.__slots__), "send_queue.py": set(SendQueue.__slots__)}


def foreign_writes(source: str, fields: set[str]) -> list[str]:
    """Return each place that assigns or deletes one of the fields of an object other than `self`."""
    return [
        f"{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store | ast.Del)
        and node.attr in fields
        and ast.unparse(node.value) != "self"
    ]


@pytest.mark.parametrize("owner", FIELDS)
def test_no_other_file_of_live_delivery_writes_the_fields_of_a_stream(owner: str) -> None:
    others = sorted(file for file in LIVE.glob("*.py") if file.name != owner)

    assert len(others) > 5
    assert {file.name: writes for file in others if (writes := foreign_writes(file.read_text(), FIELDS[owner]))} == {}


@pytest.mark.parametrize(
    "line", ["stream.phase = LIVE", "stream.count += 1", "del stream.phase", "a, stream.count = b"]
)
def test_a_foreign_write_is_found(line: str) -> None:
    assert len(foreign_writes(line, {"phase", "count"})) == 1


@pytest.mark.parametrize("line", ["self.phase = LIVE", "stream.other = 1", "print(stream.phase)"])
def test_own_writes_and_reads_are_allowed(line: str) -> None:
    assert foreign_writes(line, {"phase", "count"}) == []
