"""The ports that a mesh on this machine holds, and the file with its addresses."""

import os
import socket
from pathlib import Path

import pytest

from kernel.settings import SettingsError
from mesh.addresses import LOOPBACK, load_addresses
from mesh.running import FILE_NAME, announced, find_running, held_ports
from mesh.services import SERVICES
from tests.ports import free_ports


@pytest.fixture
def edge() -> dict[str, str]:
    """Settings of the edge's two ports."""
    free = free_ports()
    return {"CHATLY_EDGE_PORT": str(next(free)), "CHATLY_EDGE_TLS_PORT": str(next(free))}


def test_the_services_get_free_ports_and_are_called_there(edge: dict[str, str]) -> None:
    with held_ports(edge, free=True) as environ:
        addresses = load_addresses(environ)
        ports = {environ[f"CHATLY_{name.upper()}_{kind}_PORT"] for name in SERVICES for kind in ("GRPC", "HTTP")}

        assert len(ports | {environ["CHATLY_EDGE_ADMIN_PORT"]}) == 2 * len(SERVICES) + 1
        assert addresses["auth"].grpc == f"{LOOPBACK}:{environ['CHATLY_AUTH_GRPC_PORT']}"
        assert addresses["media"].http == f"{LOOPBACK}:{environ['CHATLY_MEDIA_HTTP_PORT']}"


def test_a_held_port_can_be_taken_by_a_server_that_asks_for_it_and_by_no_second_mesh(edge: dict[str, str]) -> None:
    with held_ports(edge, free=True) as environ:
        port = int(environ["CHATLY_AUTH_GRPC_PORT"])
        with socket.create_server((LOOPBACK, port)):
            second = {**edge, "CHATLY_EDGE_PORT": "0", "CHATLY_EDGE_TLS_PORT": "0", "CHATLY_AUTH_GRPC_PORT": str(port)}
            with pytest.raises(SettingsError, match="CHATLY_AUTH_GRPC_PORT"), held_ports(second, free=True):
                pass


def test_a_port_or_an_address_that_is_set_is_kept(edge: dict[str, str]) -> None:
    free = free_ports()
    grpc, http, web = next(free), next(free), next(free)
    settings = {
        **edge,
        "CHATLY_MEDIA_GRPC_PORT": str(grpc),
        "CHATLY_AUTH_HTTP_ADDRESS": f"{LOOPBACK}:{http}",
        "CHATLY_WEB_ADDRESS": f"{LOOPBACK}:{web}",
    }
    with held_ports(settings, free=True) as environ:
        assert environ["CHATLY_MEDIA_ADDRESS"] == f"{LOOPBACK}:{grpc}"
        assert environ["CHATLY_AUTH_HTTP_PORT"] == str(http)
        assert environ["CHATLY_WEB_ADDRESS"] == f"{LOOPBACK}:{web}"


def test_without_free_ports_the_services_keep_their_defaults(edge: dict[str, str]) -> None:
    free = free_ports()
    own = {"CHATLY_EDGE_ADMIN_PORT": str(next(free)), "CHATLY_WEB_ADDRESS": f"{LOOPBACK}:{next(free)}"}
    with held_ports({**edge, **own}, free=False) as environ:
        assert environ["CHATLY_AUTH_ADDRESS"] == f"{LOOPBACK}:{SERVICES['auth'].grpc_port}"


@pytest.mark.parametrize(
    ("setting", "value"),
    [("CHATLY_WEB_ADDRESS", "nowhere"), ("CHATLY_AUTH_GRPC_PORT", "high"), ("CHATLY_EDGE_PORT", "")],
)
def test_a_value_that_is_no_port_is_refused_by_name(edge: dict[str, str], setting: str, value: str) -> None:
    with pytest.raises(SettingsError, match=setting), held_ports({**edge, setting: value}, free=True):
        pass


def test_a_running_mesh_is_found_by_its_data_folder(edge: dict[str, str], tmp_path: Path) -> None:
    with held_ports(edge, free=True) as environ, announced(tmp_path, environ):
        found = find_running(tmp_path)

        assert found is not None
        assert found.pid == os.getpid()
        assert {name: environ[name] for name in found.settings() if name in environ} | {
            "CHATLY_EDGE_HOST": LOOPBACK
        } == found.settings()
    assert not (tmp_path / FILE_NAME).exists()
    assert find_running(tmp_path) is None


@pytest.mark.parametrize("content", ["", "{}", '{"pid": 1}', "[]", '"text"'])
def test_a_broken_file_is_no_running_mesh(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE_NAME).write_text(content)

    assert find_running(tmp_path) is None


def test_the_file_of_a_killed_mesh_is_no_running_mesh(edge: dict[str, str], tmp_path: Path) -> None:
    with held_ports(edge, free=True) as environ, announced(tmp_path, environ):
        content = (tmp_path / FILE_NAME).read_text()
    (tmp_path / FILE_NAME).write_text(content.replace(f'"pid": {os.getpid()}', '"pid": 4194305'))

    assert find_running(tmp_path) is None
