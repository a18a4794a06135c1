"""The page shows the newest results of each section, and whether each target is met."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.pairs import CPU
from bench.site.draw import draw, html
from bench.site.findings import newest
from bench.site.summary import markdown
from bench.site.targets import checks


def keep(folder: Path, name: str, values: Mapping[str, Sequence[float]], *, at: str, quick: bool = False) -> None:
    rows = [
        {"what": CPU, "side": side, "value": "…", "ratio": "", "goal": "", "values": list(of)}
        for side, of in values.items()
    ]
    found = {"name": name, "title": f"Of {name}", "at": at, "quick": quick, "machine": {"cpu": "two"}, "rows": rows}
    (folder / f"{at}-{name}.json").write_text(json.dumps(found))


def test_the_newest_results_of_a_section_are_used(tmp_path: Path) -> None:
    keep(tmp_path, "rate200", {"Chatly, 1 node": [1.0]}, at="1")
    keep(tmp_path, "rate200", {"Chatly, 1 node": [2.0]}, at="2")
    keep(tmp_path, "saturated", {"Chatly, 1 node": [3.0]}, at="1")

    found = newest(tmp_path)

    assert (found["rate200"].at, found["saturated"].at) == ("2", "1")


def test_a_quick_run_does_not_hide_a_measurement(tmp_path: Path) -> None:
    keep(tmp_path, "rate200", {"Chatly, 1 node": [1.0]}, at="1")
    keep(tmp_path, "rate200", {"Chatly, 1 node": [9.0]}, at="2", quick=True)

    assert newest(tmp_path)["rate200"].at == "1"


def test_a_target_is_met_missed_or_not_measured(tmp_path: Path) -> None:
    keep(tmp_path, "rate200", {"Chatly, 1 node": [80, 90, 500], "seed's stack": [100, 100, 100]}, at="1")
    keep(tmp_path, "rate500", {"Chatly, 1 node": [300], "seed's stack": [100], "bare grpc.aio": [100]}, at="1")

    found = {each.text: (each.found, each.result) for each in checks(newest(tmp_path))}

    assert found["durable message, 200/s: below the seed's stack"] == ("×0.9", "met")
    assert found["durable message, 500/s: below the seed's stack"] == ("×3", "missed, ×3.00 of the goal")
    assert found["durable message, saturated: below the seed's stack"] == ("–", "not measured")


def test_the_page_draws_every_side_and_escapes_its_name(tmp_path: Path) -> None:
    keep(tmp_path, "rate200", {"a <b>": [1.0, 2.0, 4.0], "nothing": []}, at="1")

    page = draw(tmp_path).read_text()

    assert page == html(newest(tmp_path))
    assert "a &lt;b&gt;" in page
    assert "a <b>" not in page
    assert page.count("<rect") == 1


def test_the_summary_has_a_line_for_each_side_and_a_dash_for_missing_values(tmp_path: Path) -> None:
    keep(tmp_path, "rate500", {"Chatly, 1 node": [300], "seed's stack": [100]}, at="1")

    lines = markdown(newest(tmp_path)).splitlines()

    assert [line.split(" | ")[0] for line in lines[2:]] == ["| Chatly, 1 node", "| seed's stack"]
    assert lines[2] == "| Chatly, 1 node | – | – | – | 300 | – | – | – |"
