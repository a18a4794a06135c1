"""Every metric that alert rules and dashboards use is exported by a running mesh."""

import re

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.mesh import Mesh
from tests.unit.deploy.promql import expressions, metrics_in

# Prometheus' own metric: whether a target could be scraped.
OF_PROMETHEUS = {"up"}
SUFFIXES = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "summary": ["_sum", "_count"]}
# Envoy's counters have no suffix, so the parser takes them for gauges.
ENVOY_TYPE = re.compile(r"^# TYPE (envoy_\w+) (\w+)$", re.MULTILINE)


async def exported(mesh: Mesh) -> set[str]:
    """Return the names of all series that the services and Envoy can export."""
    names: set[str] = set()
    async with httpx.AsyncClient() as client:
        for address in mesh.http.values():
            page = (await client.get(f"http://{address}/metrics")).text
            for family in text_string_to_metric_families(page):
                names |= {family.name + suffix for suffix in SUFFIXES.get(family.type, [""])}
        page = (await client.get(f"{mesh.admin_url}/stats/prometheus")).text
    for name, kind in ENVOY_TYPE.findall(page):
        names |= {name + suffix for suffix in (SUFFIXES["histogram"] if kind == "histogram" else [""])}
    return names


async def test_every_metric_of_a_rule_or_dashboard_is_exported(mesh: Mesh) -> None:
    known = await exported(mesh) | OF_PROMETHEUS

    unknown = {place: missing for place, text in expressions() if (missing := metrics_in(text) - known)}

    assert unknown == {}


async def test_every_service_exports_that_it_is_serving(mesh: Mesh) -> None:
    async with httpx.AsyncClient() as client:
        for name, address in mesh.http.items():
            assert f'chatly_serving{{service="{name}"}} 1.0' in (await client.get(f"http://{address}/metrics")).text
