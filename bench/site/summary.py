"""One line for each side: the table that READMEs quote."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.pairs import CPU, ENGINES
from bench.site.findings import Findings

_NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Column:
    """A value, or several separated by slashes."""

    title: str
    section: str
    whats: Sequence[str]

    def cell(self, findings: Findings, side: str) -> str:
        found = findings.get(self.section)
        values = [found.median(what, side) for what in self.whats] if found else []
        shown = [_NOTHING if value is None else _short(value) for value in values]
        return _NOTHING if set(shown) <= {_NOTHING} else " / ".join(shown)


COLUMNS: Sequence[Column] = (
    Column("µs/msg saturated, own + engines", "saturated", (CPU, ENGINES)),
    Column("msg/s", "saturated", ("messages a second",)),
    Column("µs/msg at 200/s", "rate200", (CPU,)),
    Column("µs/msg at 500/s", "rate500", (CPU,)),
    Column("p50 / p99 ms at 500/s", "rate500", ("delivered p50, ms", "delivered p99, ms")),
    Column("fan-out: µs/delivery", "fanout", ("CPU of its own processes, µs per delivery",)),
    Column("KiB/idle stream", "idle", ("KiB per stream, a connection each",)),
)


def summary(findings: Findings) -> list[list[str]]:
    """Return a line of titles, and one for each side that has a value, in the order of measurement."""
    measured = [found for name in dict.fromkeys(column.section for column in COLUMNS) if (found := findings.get(name))]
    sides = dict.fromkeys(str(row["side"]) for found in measured for row in found.rows)
    lines = [[side, *(column.cell(findings, side) for column in COLUMNS)] for side in sides]
    return [["side", *(column.title for column in COLUMNS)], *(line for line in lines if set(line[1:]) != {_NOTHING})]


def markdown(findings: Findings) -> str:
    titles, *lines = summary(findings)
    return "\n".join(f"| {' | '.join(line)} |" for line in [titles, ["---"] * len(titles), *lines])


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
