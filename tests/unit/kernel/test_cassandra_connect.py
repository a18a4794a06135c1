"""What a failed attempt to connect says: one line, whatever the driver wraps it in."""

from cassandra import AuthenticationFailed
from cassandra.cluster import NoHostAvailable

from kernel.cassandra.connect import describe


def test_wrong_credentials_are_called_by_their_name() -> None:
    refused = AuthenticationFailed("Failed to authenticate to one:9042:\n  Bad credentials")

    assert describe(NoHostAvailable("Unable to connect", {"one:9042": refused})) == (
        "Failed to authenticate to one:9042: Bad credentials (see CHATLY_CASSANDRA_USERNAME, CHATLY_CASSANDRA_PASSWORD)"
    )


def test_the_same_trouble_with_many_nodes_is_told_once() -> None:
    errors = {f"node{number}": ConnectionRefusedError("refused") for number in range(3)}

    assert describe(NoHostAvailable("Unable to connect", errors)) == "refused"


def test_anything_else_is_told_in_one_line() -> None:
    assert describe(NoHostAvailable("no\nhost", {})) == "no host"
    assert describe(FileNotFoundError("no such file:\n a.pem")) == "no such file: a.pem"
