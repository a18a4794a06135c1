"""Messages about failed connections to Cassandra: one line, however the driver wraps the error."""

from cassandra import AuthenticationFailed
from cassandra.cluster import NoHostAvailable

from kernel.cassandra.connect import describe


def test_wrong_credentials_are_reported_with_their_settings() -> None:
    refused = AuthenticationFailed("Failed to authenticate to one:9042:\n  Bad credentials")

    assert describe(NoHostAvailable("Unable to connect", {"one:9042": refused})) == (
        "Failed to authenticate to one:9042: Bad credentials (see CHATLY_CASSANDRA_USERNAME, CHATLY_CASSANDRA_PASSWORD)"
    )


def test_the_same_problem_of_many_nodes_is_reported_once() -> None:
    errors = {f"node{number}": ConnectionRefusedError("refused") for number in range(3)}

    assert describe(NoHostAvailable("Unable to connect", errors)) == "refused"


def test_any_other_error_is_reported_in_one_line() -> None:
    assert describe(NoHostAvailable("no\nhost", {})) == "no host"
    assert describe(FileNotFoundError("no such file:\n a.pem")) == "no such file: a.pem"
