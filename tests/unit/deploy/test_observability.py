"""Prometheus's and Grafana's files are whole in themselves. tests/e2e asks a running mesh for the metrics they name."""

import re

import pytest
import yaml

from mesh.edge.contract import methods
from mesh.settings import PORTS
from tests.unit.deploy.promql import OBSERVABILITY, dashboards, expressions, metrics_in, rules


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ('up{job="edge"} == 0 or absent(up{job="edge"})', {"up"}),
        ("sum by (job) (rate(a_total[5m])) / sum(b_total) > 0.01", {"a_total", "b_total"}),
        ('histogram_quantile(0.99, sum by (le) (rate(c_bucket{m="x_y"}[1m])))', {"c_bucket"}),
        ("count(d == 0) or vector(0)", {"d"}),
        ("a and on (pod) b offset 5m", {"a", "b"}),
    ],
)
def test_metrics_are_found_in_an_expression(expression: str, names: set[str]) -> None:
    assert metrics_in(expression) == names


def test_every_expression_asks_for_a_metric() -> None:
    assert [place for place, expression in expressions() if not metrics_in(expression)] == []


def test_methods_jobs_and_services_that_are_asked_for_exist() -> None:
    known = {
        "method": {method.path.removeprefix("/") for method in methods()},
        "job": {*PORTS, "edge"},
        "service": set(PORTS),
    }
    asked = [found for _, expression in expressions() for found in re.findall(r'(\w+)=~?"([^"]*)"', expression)]

    assert {label for label, _ in asked} >= known.keys()
    for label, values in asked:
        assert label not in known or set(values.split("|")) <= known[label], values


def test_every_alert_has_its_own_name_a_severity_and_says_what_to_do() -> None:
    names = [rule["alert"] for rule in rules()]

    assert len(names) == len(set(names))
    assert {rule["labels"]["severity"] for rule in rules()} <= {"page", "ticket"}
    assert all(rule["annotations"].keys() == {"summary", "description"} for rule in rules())


def test_every_service_and_the_edge_are_scraped_where_they_tell_metrics() -> None:
    jobs = yaml.safe_load((OBSERVABILITY / "prometheus.yml").read_text())["scrape_configs"]
    ports = {job["job_name"]: job["dns_sd_configs"][0]["port"] for job in jobs}

    assert ports == {name: port + 1000 for name, port in PORTS.items()} | {"edge": 9902}
    assert all(job["dns_sd_configs"][0]["names"] == [job["job_name"]] for job in jobs)


def test_every_dashboard_has_an_id_of_its_own_and_no_two_panels_lie_on_each_other() -> None:
    assert len({dashboard["uid"] for dashboard in dashboards().values()}) == len(dashboards()) == 3
    for dashboard in dashboards().values():
        cells = [
            (x, y)
            for place in (panel["gridPos"] for panel in dashboard["panels"])
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]
        assert len(cells) == len(set(cells))
        assert max(x for x, _ in cells) < 24
