"""Reads stored results: the newest of every section."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Found:
    """Results of one section."""

    name: str
    title: str
    at: str
    quick: bool
    machine: Mapping[str, str]
    rows: Sequence[Mapping[str, Any]]

    def groups(self) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
        """Return rows by their title, in order."""
        for what, rows in groupby(self.rows, key=lambda row: str(row["what"])):
            yield what, list(rows)

    def median(self, what: str, side: str) -> float | None:
        """Return None if it was not measured."""
        for row in self.rows:
            if row["what"] == what and row["side"] == side and row["values"]:
                return float(median(row["values"]))
        return None


Findings = Mapping[str, Found]


def newest(folder: Path) -> Findings:
    """Return results by section. Quick results are used only if there are no others."""
    found: dict[str, Found] = {}
    for path in sorted(folder.glob("*.json")):
        data = json.loads(path.read_text())
        if "rows" not in data:
            continue
        one = Found(*(data[name] for name in ("name", "title", "at", "quick", "machine", "rows")))
        if not one.quick or one.name not in found or found[one.name].quick:
            found[one.name] = one
    return found
