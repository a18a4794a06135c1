"""Addresses of the nodes of a mesh on one machine."""

import pytest

from kernel.settings import SettingsError
from mesh.addresses import node_addresses, with_addresses


def test_the_embedded_default_has_one_node_of_each_service() -> None:
    environ = with_addresses({})

    assert environ["CHATLY_MESSAGING_ADDRESS"] == "127.0.0.1:50052"
    assert [node.name for node in node_addresses("messaging", environ)] == ["messaging-1"]


def test_on_distributed_engines_messaging_has_two_nodes_beside_each_other() -> None:
    environ = with_addresses({"CHATLY_ENGINES": "distributed", "CHATLY_MESSAGING_GRPC_PORT": "6000"})

    first, second = node_addresses("messaging", environ)

    assert (first.name, first.address, first.http_port) == ("messaging-1", "127.0.0.1:6000", 51052)
    assert (second.name, second.address, second.http_port) == ("messaging-2", "127.0.0.1:6010", 51062)
    assert len(node_addresses("auth", environ)) == 1


def test_there_are_as_many_processes_as_addresses() -> None:
    environ = with_addresses(
        {"CHATLY_AUTH_ADDRESS": "127.0.0.1:1, 127.0.0.1:2", "CHATLY_AUTH_HTTP_ADDRESS": "127.0.0.1:3,127.0.0.1:4"}
    )

    assert [(node.grpc_port, node.http_port) for node in node_addresses("auth", environ)] == [(1, 3), (2, 4)]


def test_addresses_that_do_not_match_are_refused() -> None:
    with pytest.raises(SettingsError, match="as many addresses"):
        node_addresses("auth", with_addresses({"CHATLY_AUTH_ADDRESS": "127.0.0.1:1,127.0.0.1:2"}))
    with pytest.raises(SettingsError, match="host:port"):
        node_addresses("auth", with_addresses({"CHATLY_AUTH_ADDRESS": "nowhere"}))
