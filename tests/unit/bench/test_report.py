"""Results become medians, ratios and rows. Values that were not measured are left out."""

from bench.report import Section, compare, parts, table, totals

_RAW = [
    {"side": "bare", "cpu_us": 100, "times": {"p50": 1.0}, "lost": 0},
    {"side": "Chatly", "cpu_us": 300, "times": {"p50": 3.0}, "lost": 1},
    {"side": "bare", "cpu_us": 120, "times": {"p50": 1.2}, "lost": 0},
    {"side": "Chatly", "cpu_us": 360, "times": {"p50": 2.0}, "lost": 2},
    {"side": "bare", "cpu_us": 400, "times": {"p50": 9.0}, "lost": 0},
    {"side": "Chatly", "cpu_us": 240, "times": {"p50": 2.4}, "lost": 0},
]


def test_a_value_is_the_median_with_its_range_and_the_ratio_to_the_first_side() -> None:
    bare, chatly = compare("CPU", _RAW, "cpu_us", goal="low")

    assert (bare.value, bare.ratio, bare.goal) == ("120 (100–400)", "", "")
    assert (chatly.value, chatly.ratio, chatly.goal) == ("300 (240–360)", "×2.50", "low")


def test_a_value_is_found_within_a_result() -> None:
    rows = compare("p50", _RAW, "times", "p50")

    assert [list(row.values) for row in rows] == [[1.0, 1.2, 9.0], [3.0, 2.0, 2.4]]


def test_a_side_that_lacks_a_value_has_no_row() -> None:
    rows = compare("CPU", [*_RAW, {"side": "chain", "times": {"p50": 1.0}}], "cpu_us")

    assert [row.side for row in rows] == ["bare", "Chatly"]


def test_losses_are_summed_over_all_rounds() -> None:
    assert [(row.side, row.value) for row in totals(_RAW, "lost")] == [("bare", "0"), ("Chatly", "3")]


def test_a_table_has_a_line_for_each_row() -> None:
    section = Section("Title", compare("CPU", _RAW, "cpu_us"), _RAW)

    assert table(section).splitlines()[4:6] == [
        "| CPU | bare | 120 (100–400) |  |  |",
        "| CPU | Chatly | 300 (240–360) | ×2.50 |  |",
    ]


def test_parts_of_a_value_are_rows_with_the_largest_first() -> None:
    raw = [{"side": "Chatly", "by": {"auth": 1.0, "messaging": 5.0}}, {"side": "Chatly", "by": {"messaging": 7.0}}]

    rows = parts("CPU", [*raw, {"side": "bare", "by": {"server": 9.0}}], "Chatly", "by")

    assert [(row.what, row.side, row.values) for row in rows] == [
        ("CPU: Chatly", "messaging", [5.0, 7.0]),
        ("CPU: Chatly", "auth", [1.0, 0.0]),
    ]


def test_a_value_without_measurements_has_no_rows() -> None:
    assert compare("CPU", [], "cpu_us") == []
