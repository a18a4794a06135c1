"""Bar charts with whiskers as inline SVG: the median of all rounds, and the minimum to the maximum."""

from collections.abc import Mapping, Sequence
from html import escape
from statistics import median
from typing import Any

_LABELS, _BARS, _NUMBERS = 260, 420, 90
_LINE, _THICK = 22, 14
_LONGEST_NAME = 44


def bars(what: str, rows: Sequence[Mapping[str, Any]]) -> str:
    """Return one chart with a bar for each side."""
    height, most = _LINE * len(rows) + 6, max((max(row["values"]) for row in rows), default=0) or 1
    drawn = [_bar(number, row, _BARS / most) for number, row in enumerate(rows)]
    size = f'viewBox="0 0 {_LABELS + _BARS + _NUMBERS} {height}" width="{_LABELS + _BARS + _NUMBERS}" height="{height}"'
    return f'<svg {size} role="img" aria-label="{escape(what)}">{"".join(drawn)}</svg>'


def _bar(number: int, row: Mapping[str, Any], scale: float) -> str:
    top, middle = number * _LINE + 4, number * _LINE + 4 + _THICK / 2
    low, mid, high = (_LABELS + scale * value for value in _low_mid_high(row["values"]))
    name = str(row["side"])
    kind = "ours" if name.startswith("Chatly") else "theirs"
    return (
        f'<text class="name" x="{_LABELS - 8}" y="{middle + 4}">{escape(name[:_LONGEST_NAME])}</text>'
        f'<rect class="{kind}" x="{_LABELS}" y="{top}" width="{max(mid - _LABELS, 1):.1f}" height="{_THICK}"/>'
        f'<path class="whisker" d="M{low:.1f} {middle}H{high:.1f}M{low:.1f} {top + 3}v8M{high:.1f} {top + 3}v8"/>'
        f'<text x="{high + 6:.1f}" y="{middle + 4}">{_short(median(row["values"]))}</text>'
    )


def _low_mid_high(values: Sequence[float]) -> tuple[float, float, float]:
    return min(values), median(values), max(values)


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
