"""`chatly doctor` reports a healthy mesh and names each broken part of another."""

from pathlib import Path

import httpx

from mesh.services import SERVICES
from tests.e2e.commands.chatly import chatly
from tests.e2e.mesh import EMBEDDED, Mesh, running_mesh


@EMBEDDED
async def test_a_running_mesh_is_reported_healthy(mesh: Mesh) -> None:
    doctor = await chatly(mesh.environ, "doctor")

    assert doctor.exit_code == 0
    assert "BROKEN" not in doctor.output
    assert "clocks                 right" in doctor.output
    assert all(f"serving at {mesh.grpc[service]}" in doctor.output for service in SERVICES)
    assert doctor.output.rstrip().endswith("All is well.")


async def test_every_part_of_a_stopped_mesh_is_reported_broken(tmp_path: Path) -> None:
    stopped = Mesh(tmp_path, {})
    doctor = await chatly(stopped.environ, "doctor")

    assert doctor.exit_code == 1
    broken = {line.split()[1] for line in doctor.output.splitlines() if line.startswith("BROKEN")}
    assert broken == {*SERVICES, "edge"}
    assert "make run" in doctor.output


async def test_wrong_settings_are_named(tmp_path: Path) -> None:
    wrong = Mesh(tmp_path, {"CHATLY_SERVICE_SECRET": "short", "CHATLY_EDGE_PORT": "eighty"})
    for command in ("run", "doctor"):
        refused = await chatly(wrong.environ, command)

        assert refused.exit_code in {1, 2}
        assert "CHATLY_SERVICE_SECRET" in refused.output
        assert "Traceback" not in refused.output


async def test_a_second_mesh_on_the_same_data_is_refused(tmp_path: Path) -> None:
    async with running_mesh(tmp_path) as mesh:
        second = await chatly(mesh.environ, "run")

    assert second.exit_code == 2
    assert "CHATLY_DATA_DIR" in second.output


async def test_plain_http_to_other_machines_is_a_risk_at_the_start_and_in_the_report(tmp_path: Path) -> None:
    """On IPv6 and IPv4 at once, without a certificate."""
    async with running_mesh(tmp_path, CHATLY_EDGE_HOST="::") as mesh:
        doctor = await chatly(mesh.environ, "doctor")
        async with httpx.AsyncClient() as client:
            port = mesh.edge.rpartition(":")[2]
            healthy = [await client.get(f"http://{host}:{port}/healthz") for host in ("127.0.0.1", "[::1]")]

    assert [answer.status_code for answer in healthy] == [200, 200]
    assert "WARNING: plain HTTP is open to other machines at [::]:" in mesh.output()
    assert "RISK    plain HTTP" in doctor.output
    assert doctor.output.rstrip().endswith("All is well, apart from 1 accepted risk.")
