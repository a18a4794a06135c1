"""`python -m bench.site.draw` draws the page from bench/results again, and prints its tables."""

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from bench.report import RESULTS
from bench.site import summary, targets
from bench.site.charts import bars
from bench.site.findings import Findings, Found, newest

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; color: #1c2330 }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #d8dee9 } h3 { margin: 1.2rem 0 .2rem; font-size: 1rem }
table { border-collapse: collapse } td, th { padding: .15rem .8rem .15rem 0; text-align: left; vertical-align: top }
svg { max-width: 100%; height: auto; font: 12px system-ui, sans-serif } .name { text-anchor: end }
.ours { fill: #2f6fde } .theirs { fill: #9aa5b8 } .whisker { stroke: #1c2330; fill: none } small { color: #5b6577 }
.missed { color: #b3261e } .met { color: #1b7f3b }
"""


def draw(folder: Path) -> Path:
    """Write a page of the newest results beside them."""
    path = folder / "index.html"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(html(newest(folder)))
    return path


def html(findings: Findings) -> str:
    """Return a self-contained page."""
    sections = "".join(_section(found) for found in findings.values())
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Chatly: measured</title>'
        f"<style>{_STYLE}</style><h1>Chatly: measured</h1>"
        "<p>Medians of all rounds, whiskers from the least to the most; the method is in bench/README.md.</p>"
        f"<h2>At a glance</h2>{_summary(findings)}<h2>Targets</h2>{_targets(findings)}{sections}</html>\n"
    )


def _summary(findings: Findings) -> str:
    lines = summary.summary(findings)
    rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}' for cell in line)}" for line in lines)
    return f"<table>{rows}</table>"


def _targets(findings: Findings) -> str:
    rows = "".join(
        f"<tr><td>{escape(each.text)}<td>{escape(each.goal)}<td>{escape(each.found)}"
        f'<td class="{escape(each.result.split(",")[0])}">{escape(each.result)}'
        for each in targets.checks(findings)
    )
    return f"<table><tr><th>target<th>goal<th>found<th>{rows}</table>"


def _section(found: Found) -> str:
    machine = "; ".join(f"{name} {value}" for name, value in found.machine.items())
    note = " A quick look: one short round, no finding." if found.quick else ""
    groups = "".join(_group(what, rows) for what, rows in found.groups())
    return f"<h2>{escape(found.title)}</h2><small>{escape(found.at)}. {escape(machine)}.{note}</small>{groups}"


def _group(what: str, rows: Sequence[Mapping[str, Any]]) -> str:
    drawable = [row for row in rows if row["values"]]
    if drawable:
        return f"<h3>{escape(what)}</h3>{bars(what, drawable)}"
    lines = "".join(f"<tr><td>{escape(str(row['side']))}<td>{escape(str(row['value']))}" for row in rows)
    return f"<h3>{escape(what)}</h3><table>{lines}</table>"


if __name__ == "__main__":
    found = newest(RESULTS)
    print(summary.markdown(found), targets.markdown(found), sep="\n\n")
    print(f"Page: {draw(RESULTS)}")
