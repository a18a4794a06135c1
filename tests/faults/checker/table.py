"""The table of a run, for people."""

from collections import Counter
from collections.abc import Sequence

from tests.faults.checker.findings import Finding, Wrong
from tests.faults.checker.timeline import Row

_HEADS = (
    *("fault", "for s", "acknowledged", "lost", "doubled", "misordered", "other", "reported"),
    *("longest wait to send", "to deliver", "healed after", "serves after"),
)
_SHOWN = 20


def table(rows: Sequence[Row]) -> str:
    """Return it as Markdown."""
    body = [_cells(row) for row in rows]
    widths = [max(len(line[column]) for line in (_HEADS, *body)) for column in range(len(_HEADS))]
    rule = ["-" * width for width in widths]
    return "\n".join(_line(cells, widths) for cells in (_HEADS, rule, *body))


def summary(findings: Sequence[Finding]) -> str:
    """Return the number of findings and the first few."""
    counts = Counter(finding.wrong for finding in findings)
    lines = [", ".join(f"{counts[wrong]} {wrong}" for wrong in Wrong)]
    lines += [f"  {finding.wrong}: {finding.what}" for finding in findings[:_SHOWN]]
    if len(findings) > _SHOWN:
        lines.append(f"  … and {len(findings) - _SHOWN} more in findings.json")
    return "\n".join(lines)


def _cells(row: Row) -> tuple[str, ...]:
    counts = (row.acknowledged, row.lost, row.doubled, row.misordered, row.others, row.reported)
    times = (row.send_pause, row.delivery_pause, row.heal, row.served)
    return (row.fault, f"{row.seconds:.0f}", *(str(count) for count in counts), *(f"{each:.1f} s" for each in times))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    name, width = first
    return f"| {name:<{width}} | " + " | ".join(f"{cell:>{width}}" for cell, width in others) + " |"
