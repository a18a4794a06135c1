"""Settings of Cassandra and schema scripts, before anything connects."""

from pathlib import Path

import pytest

from kernel.cassandra.schema import SchemaError, read_schema, statements_of
from kernel.cassandra.settings import CassandraSettings, addresses, replication_options
from kernel.settings import SettingsError, load, shown

CONTACT = {"CHATLY_CASSANDRA_CONTACT_POINTS": "one, two:19042"}


def test_contact_points_may_leave_out_the_port() -> None:
    assert addresses(load(CassandraSettings, CONTACT).contact_points) == [("one", 9042), ("two", 19042)]


@pytest.mark.parametrize(
    ("replication", "options"),
    [
        ("3", {"class": "SimpleStrategy", "replication_factor": "3"}),
        ("dc1:3, dc2:2", {"class": "NetworkTopologyStrategy", "dc1": "3", "dc2": "2"}),
    ],
)
def test_copies_are_a_number_or_one_for_each_datacenter(replication: str, options: dict[str, str]) -> None:
    assert replication_options(replication) == options


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CONTACT_POINTS", ""),
        ("CONTACT_POINTS", "host:port"),
        ("KEYSPACE", "No-Name"),
        ("KEYSPACE", "x; DROP KEYSPACE y"),
        ("REPLICATION", "0"),
        ("REPLICATION", "dc1"),
        ("REPLICATION", "dc1:3'}"),
        ("MAX_IN_FLIGHT", "0"),
    ],
)
def test_an_invalid_setting_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"CHATLY_CASSANDRA_{name}"):
        load(CassandraSettings, {**CONTACT, f"CHATLY_CASSANDRA_{name}": value})


def test_the_password_is_not_shown() -> None:
    settings = load(CassandraSettings, {**CONTACT, "CHATLY_CASSANDRA_PASSWORD": "swordfish"})

    assert settings.password == "swordfish"
    assert "swordfish" not in str(shown(settings))


def test_a_script_is_split_into_statements_without_comments() -> None:
    script = "-- A word; about it.\nCREATE TABLE a (\n    b int;c\n);\n\n-- More.\nALTER TABLE a ADD d int;\n"

    assert statements_of(script) == ["CREATE TABLE a (\n    b int;c\n)", "ALTER TABLE a ADD d int"]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty package of the program with the name `some_migrations`."""
    monkeypatch.syspath_prepend(tmp_path)
    folder = tmp_path / "some_migrations"
    folder.mkdir()
    return folder


def test_the_scripts_of_an_owner_are_read_in_order(package: Path) -> None:
    (package / "0002_more.cql").write_text("two")
    (package / "0001_tables.cql").write_text("one")
    (package / "notes.txt").write_text("none")

    assert read_schema("tests", "some_migrations").scripts == ("one", "two")


def test_a_missing_script_is_reported(package: Path) -> None:
    (package / "0002_more.cql").write_text("two")

    with pytest.raises(SchemaError, match=r"expected a script 0001"):
        read_schema("tests", "some_migrations")
