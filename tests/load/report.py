"""Findings of a scenario: figures, and complaints, each of which is a broken promise."""

import json
import os
import platform
from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles

import pytest

_HEADS = ("what", "figure", "unit")
_PLAIN = 100


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of a scenario's table."""

    what: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True)
class Report:
    """Filled while a scenario runs."""

    figures: list[Figure] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def note(self, what: str, value: float, unit: str) -> None:
        self.figures.append(Figure(what, value, unit))

    def spread(self, what: str, seconds: Collection[float]) -> None:
        """Add the median and the slow end of many durations."""
        if seconds:
            self.note(f"{what}, p50", percentile(seconds, 50) * 1_000, "ms")
            self.note(f"{what}, p99", percentile(seconds, 99) * 1_000, "ms")

    def require(self, promise: str, *, holds: bool, but: object = "") -> None:
        """Check a promise. `but`: the observation if it does not hold."""
        if not holds:
            self.complaints.append(f"{promise}: {but}" if but != "" else promise)


def aborted(failure: BaseException) -> Report:
    """Something expected did not happen and the scenario cannot continue: a broken promise. Other failures are
    raised.
    """
    if isinstance(failure, BaseExceptionGroup):
        waited, others = failure.split(pytest.fail.Exception)
        if waited is None or others is not None:
            raise failure
        return aborted(waited.exceptions[0])
    return Report(complaints=[str(failure)])


def percentile(values: Collection[float], number: int) -> float:
    """A value of all durations; the only one if there is one."""
    found = sorted(values)
    return found[0] if len(found) == 1 else quantiles(found, n=100, method="inclusive")[number - 1]


def table(name: str, report: Report) -> str:
    """Return the report as Markdown, with complaints below."""
    rows = [(figure.what, shown(figure.value), figure.unit) for figure in report.figures]
    widths = [max(len(row[column]) for row in (_HEADS, *rows)) for column in range(len(_HEADS))]
    lines = [
        f"### {name}",
        "",
        *(_line(row, widths) for row in (_HEADS, tuple("-" * width for width in widths), *rows)),
        "",
        *(f"BROKEN: {complaint}" for complaint in report.complaints),
    ]
    return "\n".join(lines)


def shown(value: float) -> str:
    """Format with the fewest digits that matter."""
    if value == int(value) or abs(value) >= _PLAIN:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def keep(folder: Path, name: str, report: Report, *, small: bool) -> Path:
    """Write one JSON file for each run of a scenario."""
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    path = folder / f"{now:%Y%m%dT%H%M%SZ}-{name}.json"
    found = {
        "scenario": name,
        "small": small,
        "at": now.isoformat(timespec="seconds"),
        "machine": {
            "system": platform.platform(),
            "python": platform.python_version(),
            "cores": os.cpu_count(),
            "load average": os.getloadavg(),
        },
        **asdict(report),
    }
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    return path


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    what, figure, unit = cells
    return f"| {what:<{widths[0]}} | {figure:>{widths[1]}} | {unit:<{widths[2]}} |"
