"""The language check finds violations and accepts plain text."""

import re
from pathlib import Path

import pytest

from scripts.check_language import findings, folder, is_text
from scripts.old_names import OLD_NAMES, old_name, words


def found(path: str, text: str) -> list[str]:
    return findings(Path(path), text)


@pytest.mark.parametrize("start", ["What", "Who", "Whoever", "Where", "Whatever", "Those", "Of"])
def test_a_docstring_that_starts_as_a_relative_clause_is_refused(start: str) -> None:
    assert len(found("a.py", f'"""{start} a record becomes."""\n')) == 1
    assert len(found("a.py", f'def f():\n    """\n    {start} a record becomes."""\n')) == 1
    assert len(found("a.py", f'class C:\n    field: int = 1\n    """{start} a record becomes."""\n')) == 1
    assert len(found("a.ts", f"/** {start} a record becomes. */\n")) == 1
    assert len(found("a.ts", f"/**\n * {start} a record becomes.\n */\n")) == 1
    assert len(found("a.proto", f"message M {{\n  // {start} a record becomes.\n  string id = 1;\n}}\n")) == 1


@pytest.mark.parametrize(
    "text",
    [
        '"""Return what a record becomes."""\n',
        '"""Whether a record exists."""\n',
        '"""Offsets of a partition."""\n',
        '"""What happens if the log ends here?"""\n',
        'NAME = "What is new"\n',
        "# Where the log ends, a reader waits.\n",
    ],
)
def test_a_docstring_that_starts_otherwise_is_allowed(text: str) -> None:
    assert found("a.py", text) == []


@pytest.mark.parametrize(
    "text",
    [
        "Redis is away.",
        "Both are away.",
        "Redis is\naway.",
        "It comes good.",
        "Mend it.",
        "It is mended.",
        "Kept for ever.",
        "Started anew.",
        "Clients are told.",
        "TOLD",
    ],
)
def test_a_refused_phrase_is_found_in_prose_of_every_kind(text: str) -> None:
    commented = text.replace("\n", "\n# ")
    assert len(found("README.md", text)) == 1
    assert len(found("a.py", f"# {commented}\n")) == 1
    assert len(found("a.py", f'X = """{text}"""\n')) == 1
    assert len(found("a.yaml", f"# {commented}\n")) == 1
    assert len(found("Makefile", f"# {commented}\n")) == 1


def test_a_refused_phrase_is_found_in_the_name_of_a_test() -> None:
    assert found("test_a.py", "def test_a_client_is_told_of_it() -> None: ...\n") == ["test_a.py:1: says 'told'"]


@pytest.mark.parametrize(
    "text",
    ["for everyone", "FOR_EVERYONE = 1", "We recommend an amendment.", "untold", "The far side is awake.", "canewood"],
)
def test_words_that_only_contain_a_refused_phrase_are_allowed(text: str) -> None:
    assert found("README.md", text) == []


def test_an_old_name_is_refused_in_code_in_file_names_and_in_backticks() -> None:
    assert len(found("services/messaging/members.py", "seat = Seat()\n")) == 2
    assert len(found("services/messaging/members.py", "direct_seat = 1\n")) == 1
    assert len(found("tests/unit/messaging/rig.py", "x = 1\n")) == 1
    assert len(found("kernel/moments.py", "x = 1\n")) == 1
    assert len(found("services/media/README.md", "See `Announcement`.\n")) == 1


def test_an_old_name_is_allowed_as_an_english_word() -> None:
    assert (
        found(
            "services/messaging/publish.py", '"""Turns an event into bytes, and the seat of a car. Line by line."""\n'
        )
        == []
    )
    assert found("services/messaging/README.md", "Turns an event into bytes.\n") == []
    assert found("web/src/a.ts", 'const text = "Due later"; // Judge for yourself\n') == []


def test_an_old_name_is_refused_only_where_it_had_its_old_meaning() -> None:
    assert found("kernel/telemetry/tracing.py", "class Span: ...\n") == []
    assert len(found("services/messaging/live/reader.py", "class Span: ...\n")) == 1
    assert found("engines/node.py", "class Node: ...\n") == []
    assert len(found("services/messaging/wiring/node.py", "class Node: ...\n")) == 1


def test_the_hot_tail_may_stay_once_the_glossary_explains_it() -> None:
    path, text = Path("history/ports.py"), "class MemoryHotTail: ...\n"
    assert len(findings(path, text)) == 1
    assert findings(path, text, hot_tail_explained=True) == []


def test_an_identifier_is_divided_into_its_words() -> None:
    assert words("a_TownHall2") == {"a", "town", "hall", "2"}
    assert words("HTTPDoor") == {"http", "door"}
    assert old_name("indoor", "services/media/a.py") is None


def test_generated_files_and_locks_are_not_read() -> None:
    assert [name for name in ("gen/python/a.py", "web/package-lock.json", "a.webp") if is_text(Path(name))] == []
    assert all(
        is_text(Path(name)) for name in ("Makefile", "Dockerfile", ".ci/run", "envoy/envoy.yaml.j2", "web/src/a.tsx")
    )


def test_findings_are_counted_by_service_and_by_kind_of_test() -> None:
    files = ["services/auth/adapters/a.py", "tests/unit/auth/a.py", "tests/fakes.py", "kernel/bus/a.py", "Makefile"]
    assert [folder(Path(name)) for name in files] == ["services/auth", "tests/unit", "tests", "kernel", "."]


def test_no_old_name_refuses_its_own_replacement() -> None:
    """A rename over the whole repository must not change the list of old names."""
    assert [old.name for old in OLD_NAMES if old.name in re.findall(r"\w+", old.new)] == []
