"""Consistency of the Prometheus and Grafana files. tests/e2e checks that a running mesh exports their metrics."""

import re

import pytest
import yaml

from mesh.edge.contract import methods
from mesh.services import SERVICES
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


def test_every_expression_uses_a_metric() -> None:
    assert [place for place, expression in expressions() if not metrics_in(expression)] == []


def test_methods_jobs_and_services_in_expressions_exist() -> None:
    known = {
        "method": {method.path.removeprefix("/") for method in methods()},
        "job": {*SERVICES, "edge"},
        "service": set(SERVICES),
    }
    asked = [found for _, expression in expressions() for found in re.findall(r'(\w+)=~?"([^"]*)"', expression)]

    assert {label for label, _ in asked} >= known.keys()
    for label, values in asked:
        assert label not in known or set(values.split("|")) <= known[label], values


def test_every_alert_has_a_unique_name_a_severity_and_a_description() -> None:
    names = [rule["alert"] for rule in rules()]

    assert len(names) == len(set(names))
    assert {rule["labels"]["severity"] for rule in rules()} <= {"page", "ticket"}
    assert all(rule["annotations"].keys() == {"summary", "description"} for rule in rules())


def test_every_service_and_the_edge_are_scraped_at_their_metrics_port() -> None:
    jobs = yaml.safe_load((OBSERVABILITY / "prometheus.yml").read_text())["scrape_configs"]
    ports = {job["job_name"]: job["dns_sd_configs"][0]["port"] for job in jobs}

    assert ports == {name: spec.http_port for name, spec in SERVICES.items()} | {"edge": 9902}
    assert all(job["dns_sd_configs"][0]["names"] == [job["job_name"]] for job in jobs)


def test_dashboards_have_unique_ids_and_panels_do_not_overlap() -> None:
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
