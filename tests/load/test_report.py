"""The report of a scenario as people read it."""

import json
from pathlib import Path

from tests.load.report import Report, keep, percentile, table


def test_the_table_shows_figures_and_below_them_every_broken_promise() -> None:
    report = Report()
    report.note("messages", 12_345, "")
    report.note("until the last has it", 0.12345, "s")
    report.require("nothing is lost", holds=True)
    report.require("nothing is doubled", holds=False, but="3 doubled")

    assert table("storm", report).splitlines() == [
        "### storm",
        "",
        "| what                  | figure | unit |",
        "| --------------------- | ------ | ---- |",
        "| messages              | 12,345 |      |",
        "| until the last has it |  0.123 | s    |",
        "",
        "BROKEN: nothing is doubled: 3 doubled",
    ]


def test_findings_are_stored_as_json(tmp_path: Path) -> None:
    report = Report()
    report.spread("a send", [0.001, 0.002, 0.003])

    kept = json.loads(keep(tmp_path / "load", "flood", report, small=True).read_text())

    assert (kept["scenario"], kept["small"], kept["complaints"]) == ("flood", True, [])
    assert kept["figures"][0] == {"what": "a send, p50", "value": 2.0, "unit": "ms"}


def test_a_percentile_lies_between_the_values_around_it() -> None:
    assert percentile([7.0], 99) == 7.0
    assert percentile(list(range(101)), 99) == 99
