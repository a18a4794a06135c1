"""TLS to engines before anything connects: wrong files, and explanations of failed handshakes."""

import ssl
from pathlib import Path

import pytest

from kernel.cassandra.settings import CassandraSettings
from kernel.kafka.settings import KafkaSettings
from kernel.redis.settings import RedisSettings
from kernel.settings import SettingsError, load
from kernel.tls import plaintext_hint, tls_problem

NEEDED = {
    "CHATLY_KAFKA_BOOTSTRAP": "kafka:9093",
    "CHATLY_CASSANDRA_CONTACT_POINTS": "cassandra",
    "CHATLY_REDIS_URL": "rediss://redis",
}


@pytest.mark.parametrize(
    ("settings", "variable"),
    [
        (KafkaSettings, "CHATLY_KAFKA_CA_FILE"),
        (KafkaSettings, "CHATLY_KAFKA_KEY_FILE"),
        (CassandraSettings, "CHATLY_CASSANDRA_CA_FILE"),
        (CassandraSettings, "CHATLY_CASSANDRA_CERT_FILE"),
        (RedisSettings, "CHATLY_REDIS_CA_FILE"),
    ],
)
def test_a_missing_file_is_a_wrong_setting(settings: type, variable: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"{variable} names .*/nothing.pem, which cannot be read: No such file"):
        load(settings, {**NEEDED, variable: str(tmp_path / "nothing.pem")})


_REFUSED = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed:"


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("self-signed certificate", "is not trusted: self-signed certificate (see TRUST)"),
        (
            "IP address mismatch, not for '10.0.0.1'.",
            "is for another name: IP address mismatch, not for '10.0.0.1'. (see NAME)",
        ),
    ],
)
def test_a_failed_handshake_is_explained_even_if_a_driver_kept_only_its_text(reason: str, message: str) -> None:
    error = OSError(1, f"Tried to connect. Last error: {_REFUSED} {reason} (_ssl.c:1006)")

    assert tls_problem(error, trust="TRUST", name="NAME") == f"the server's certificate {message}"


def test_a_wrong_name_is_explained_even_if_a_driver_compared_the_names_itself() -> None:
    error = OSError("SSL validation failed for https://s3/files hostname 's3' doesn't match 'storage'")

    message = "the server's certificate is for another name: hostname 's3' doesn't match 'storage' (see NAME)"
    assert tls_problem(error, trust="TRUST", name="NAME") == message


def test_a_server_that_closes_a_plaintext_connection_may_require_tls() -> None:
    assert "may require TLS: see SETTING" in plaintext_hint("[Errno 104] Connection reset by peer", setting="SETTING")
    assert plaintext_hint("[Errno 111] Connection refused", setting="SETTING") == ""


def test_a_tls_error_is_found_below_the_errors_of_drivers() -> None:
    outer = ConnectionError("cannot connect")
    outer.__cause__ = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")

    assert tls_problem(outer, trust="TRUST", name="NAME") is not None
    assert tls_problem(ConnectionRefusedError("refused"), trust="TRUST", name="NAME") is None
