"""Where the processes of a mesh on one machine listen, and where they find each other."""

import pytest

from kernel.settings import SettingsError
from mesh.places import places
from mesh.settings import with_addresses


def test_the_embedded_default_has_one_place_for_each_service() -> None:
    environ = with_addresses({})

    assert environ["CHATLY_MESSAGING_ADDRESS"] == "127.0.0.1:50052"
    assert [place.name for place in places("messaging", environ)] == ["messaging-1"]


def test_on_distributed_engines_messaging_has_two_nodes_beside_each_other() -> None:
    environ = with_addresses({"CHATLY_ENGINES": "distributed", "CHATLY_MESSAGING_GRPC_PORT": "6000"})

    first, second = places("messaging", environ)

    assert (first.name, first.address, first.http_port) == ("messaging-1", "127.0.0.1:6000", 51052)
    assert (second.name, second.address, second.http_port) == ("messaging-2", "127.0.0.1:6010", 51062)
    assert len(places("auth", environ)) == 1


def test_there_are_as_many_processes_as_addresses() -> None:
    environ = with_addresses(
        {"CHATLY_AUTH_ADDRESS": "127.0.0.1:1, 127.0.0.1:2", "CHATLY_AUTH_HTTP_ADDRESS": "127.0.0.1:3,127.0.0.1:4"}
    )

    assert [(place.grpc_port, place.http_port) for place in places("auth", environ)] == [(1, 3), (2, 4)]


def test_addresses_that_do_not_match_are_refused() -> None:
    with pytest.raises(SettingsError, match="as many addresses"):
        places("auth", with_addresses({"CHATLY_AUTH_ADDRESS": "127.0.0.1:1,127.0.0.1:2"}))
    with pytest.raises(SettingsError, match="host:port"):
        places("auth", with_addresses({"CHATLY_AUTH_ADDRESS": "nowhere"}))
