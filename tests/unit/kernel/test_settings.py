"""Settings from the environment: all errors are reported at once, secrets are never shown."""

from pathlib import Path

import pytest

from kernel.grpc.settings import ServerSettings, load_server_settings
from kernel.settings import SettingsError, env, load, settings, shown


def _at_least_3(value: str) -> str | None:
    return None if len(value) >= 3 else "needs 3 characters"


@settings
class Sample:
    name: str = env("SAMPLE_NAME", help="what to call it")
    secret: str = env("SAMPLE_SECRET", default="none", help="kept to ourselves", secret=True, check=_at_least_3)
    count: int = env("SAMPLE_COUNT", default=3, help="how many")
    on: bool = env("SAMPLE_ON", default=False, help="whether")
    path: Path = env("SAMPLE_PATH", default=Path(), help="where")
    origins: tuple[str, ...] = env("SAMPLE_ORIGINS", default=(), help="from where")


def test_values_are_parsed_by_their_type() -> None:
    environ = {
        "SAMPLE_NAME": "x",
        "SAMPLE_COUNT": "7",
        "SAMPLE_ON": "Yes",
        "SAMPLE_PATH": "/data",
        "SAMPLE_ORIGINS": "https://a, https://b,",
    }

    loaded = load(Sample, environ)

    assert loaded == Sample(name="x", count=7, on=True, path=Path("/data"), origins=("https://a", "https://b"))


def test_all_wrong_settings_are_reported_at_once_with_their_variables() -> None:
    with pytest.raises(SettingsError) as raised:
        load(Sample, {"SAMPLE_COUNT": "many", "SAMPLE_ON": "perhaps", "SAMPLE_SECRET": "x"})

    text = str(raised.value)
    assert "SAMPLE_NAME is not set (what to call it)" in text
    assert "SAMPLE_COUNT" in text
    assert "'perhaps' is neither true nor false" in text
    assert "SAMPLE_SECRET needs 3 characters" in text


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("from a file\n")

    assert load(Sample, {"SAMPLE_NAME": "x", "SAMPLE_SECRET_FILE": str(file)}).secret == "from a file"


def test_a_missing_secret_file_is_reported() -> None:
    with pytest.raises(SettingsError, match="SAMPLE_SECRET"):
        load(Sample, {"SAMPLE_NAME": "x", "SAMPLE_SECRET_FILE": "/nowhere"})


def test_secrets_are_masked_when_settings_are_shown() -> None:
    lines = shown(Sample(name="x", secret="hunter2"))

    assert lines["SAMPLE_SECRET"] == "***"
    assert lines["SAMPLE_NAME"] == "x"


def test_variables_of_ports_contain_the_name_of_the_service() -> None:
    loaded = load_server_settings("auth", port=50051, environ={"CHATLY_AUTH_HTTP_PORT": "8000"})

    assert (loaded.grpc_port, loaded.http_port) == (50051, 8000)
    assert shown(loaded, SERVICE="AUTH")["CHATLY_AUTH_GRPC_PORT"] == "50051"


def test_the_library_of_a_server_has_a_default_per_service_and_can_be_replaced() -> None:
    assert load_server_settings("auth", port=0, engine="ngh2", environ={}).grpc_engine == "ngh2"
    replaced = {"CHATLY_AUTH_GRPC_ENGINE": "grpcio"}
    assert load_server_settings("auth", port=0, engine="ngh2", environ=replaced).grpc_engine == "grpcio"
    with pytest.raises(SettingsError, match="CHATLY_AUTH_GRPC_ENGINE must be one of grpcio, ngh2"):
        load_server_settings("auth", port=0, environ={"CHATLY_AUTH_GRPC_ENGINE": "other"})


def test_an_invalid_port_is_reported_with_its_variable() -> None:
    with pytest.raises(SettingsError, match="CHATLY_AUTH_GRPC_PORT must be between 0 and 65535"):
        load(ServerSettings, {"CHATLY_AUTH_GRPC_PORT": "65536"}, SERVICE="AUTH")
