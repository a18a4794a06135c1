"""Every read of Cassandra is by key: a query that would scan a table is refused before it runs."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_SCANS = {
    "ALLOW FILTERING": re.compile(r"allow\s+filtering", re.IGNORECASE),
    "a secondary index": re.compile(r"create\s+(custom\s+)?index", re.IGNORECASE),
    "a read of a whole table": re.compile(
        r"\bselect\b(?:(?!\bwhere\b)[^;])*\bfrom\s+\w+\s*(?:;|$|limit)", re.IGNORECASE
    ),
}
_WRITES = re.compile(r"\b(INSERT INTO|UPDATE|DELETE FROM)\b")


def cql_files() -> Iterator[Path]:
    """Migrations, and the modules that use Cassandra."""
    for room in ("kernel", "history", "services"):
        yield from (ROOT / room).rglob("*.cql")
        yield from (file for file in (ROOT / room).rglob("*.py") if "cassandra" in file.parts)


def statements(file: Path) -> list[str]:
    """Return the texts in a file that look like CQL, with adjacent parts joined."""
    text = re.sub(r'"\s*\n\s*f?"', "", file.read_text())
    return [text] if file.suffix == ".cql" else re.findall(r'"((?:SELECT|INSERT|UPDATE|DELETE|CREATE)\b[^"]*)"', text)


FILES = sorted(cql_files())


def test_files_with_cql_are_found() -> None:
    assert any(file.suffix == ".cql" for file in FILES)
    assert sum(len(statements(file)) for file in FILES) > 50


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_statement_scans_a_table(file: Path) -> None:
    found = [(name, text) for text in statements(file) for name, scan in _SCANS.items() if scan.search(text)]

    assert found == []


@pytest.mark.parametrize(
    "query",
    [
        "SELECT a FROM t WHERE b = ? ALLOW FILTERING",
        "CREATE INDEX i ON t (a)",
        "SELECT a FROM t",
        "SELECT * FROM t LIMIT 1",
    ],
)
def test_a_query_that_scans_a_table_is_reported(query: str) -> None:
    assert any(scan.search(query) for scan in _SCANS.values())


@pytest.mark.parametrize("file", sorted((ROOT / "history" / "cassandra").glob("[!_]*.py")), ids=lambda file: file.name)
def test_writes_from_the_log_have_an_explicit_timestamp(file: Path) -> None:
    """Writing it twice, or in another order, changes nothing. Conditional writes have an order of their own."""
    found = [text for text in statements(file) if _WRITES.match(text)]

    assert [text for text in found if "USING TIMESTAMP" not in text and " IF " not in text] == []
