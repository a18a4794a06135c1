"""The mesh is healthy after all other tests of this folder. This file runs last."""

import re

import httpx

from mesh.services import SERVICES
from tests.e2e.mesh import Mesh
from tests.e2e.people import people
from tests.e2e.rest.talk import history, send

_DEFECT = re.compile(r'^chatly_rpc_calls_total\{code="(?:INTERNAL|UNKNOWN)".*\} (?!0\.0$).*$', re.MULTILINE)


async def test_the_mesh_is_healthy(mesh: Mesh, client: httpx.AsyncClient) -> None:
    ann, bob = await people(mesh, "ann", "bob")
    await send(client, ann, bob, "still there?")

    assert [message["text"] for message in await history(client, bob, ann)] == ["still there?"]
    assert (await client.get("/healthz")).status_code == 200
    for service in SERVICES:
        assert (await client.get(f"http://{mesh.http[service]}/healthz")).json()["status"] == "SERVING"


async def test_no_call_ended_with_an_internal_error(mesh: Mesh, client: httpx.AsyncClient) -> None:
    for service in SERVICES:
        metrics = (await client.get(f"http://{mesh.http[service]}/metrics")).text
        assert "chatly_rpc_calls_total" in metrics
        assert _DEFECT.findall(metrics) == []


def test_the_log_has_no_internal_error(mesh: Mesh) -> None:
    said = mesh.output()

    assert "Traceback" not in said
    assert "ended by a failure" not in said
    assert "error" not in {line.partition("[")[2].partition("]")[0].strip() for line in said.splitlines()}
