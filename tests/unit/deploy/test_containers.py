"""Dockerfile and docker-compose.yml, checked without building or running them."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from kernel.settings import load
from mesh.edge.settings import EdgeSettings
from mesh.safety import refuse_unsafe_edge, refuse_unsafe_service, refuse_unsafe_web
from mesh.services import SERVICES
from tests.unit.deploy.variables import known_variables

ROOT = Path(__file__).parents[3]
EVERYTHING = {*SERVICES, "edge", "web"}
ENGINES = {"cassandra", "kafka", "redis", "minio"}


@pytest.fixture(scope="module")
def stages() -> dict[str, list[str]]:
    """Return the lines of each stage of the Dockerfile by its name. The first line is the image of `FROM`."""
    found: dict[str, list[str]] = {}
    for text in re.split(r"^FROM ", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)[1:]:
        head, *lines = text.splitlines()
        image, _, name = head.partition(" AS ")
        found[name] = [image, *lines]
    return found


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]  # type: ignore[no-any-return]


def test_there_is_an_image_for_each_service_the_edge_and_the_web_client(stages: dict[str, list[str]]) -> None:
    assert stages.keys() >= EVERYTHING


def test_each_image_has_its_own_extra_and_a_service_also_that_of_traces(
    stages: dict[str, list[str]],
) -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for name in EVERYTHING:
        (source,) = re.findall(r"COPY --from=(\S+) /opt/chatly", "\n".join(stages[name]))
        wanted = [name, "otel"] if name in SERVICES else [name]
        assert stages[source][:2] == ["build", f"RUN install-extra {' '.join(wanted)}"]
        assert extras.keys() >= set(wanted)


def test_packages_are_installed_in_the_versions_of_the_lock(stages: dict[str, list[str]]) -> None:
    text = "\n".join(line for lines in stages.values() for line in lines)
    for command in re.findall(r"uv pip install (.*)", text):
        assert "--constraints requirements.lock" in command or "--no-deps /dist/" in command


def test_single_engines_write_to_disk_before_they_acknowledge(compose: dict[str, Any]) -> None:
    environ = compose["messaging"]["environment"]

    assert (environ["CHATLY_KAFKA_REPLICATION"], environ["CHATLY_CASSANDRA_REPLICATION"]) == ("1", "1")
    assert compose["kafka"]["environment"]["KAFKA_LOG_FLUSH_INTERVAL_MESSAGES"] == "1"
    assert "commitlog_sync: batch" in "".join(compose["cassandra"]["command"])


def test_every_image_runs_as_an_ordinary_user_and_checks_its_health(stages: dict[str, list[str]]) -> None:
    for name in EVERYTHING:
        lines = stages[name] if stages[name][0] == "base" else [*stages["service"], *stages[name]]
        assert "USER 10001:10001" in lines
        assert any(line.startswith("HEALTHCHECK ") for line in lines)
    for name, spec in SERVICES.items():
        text = "\n".join(stages[name])
        assert f'CMD ["chatly", "health", "{name}"]' in text
        assert f"EXPOSE {spec.grpc_port} {spec.http_port}" in text


def test_files_that_the_dockerfile_copies_are_in_the_build_context(stages: dict[str, list[str]]) -> None:
    sent = {
        line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    for line in (line for lines in stages.values() for line in lines):
        if copied := re.fullmatch(r"COPY (?!--)(.*) \S+", line):
            for name in copied[1].split():
                assert (ROOT / name).exists(), name
                assert name.split("/")[0] in sent or name in sent, name


def test_compose_builds_every_target_and_brings_every_engine(compose: dict[str, Any]) -> None:
    assert {item["build"]["target"] for item in compose.values() if "build" in item} == EVERYTHING
    assert compose.keys() >= ENGINES | {"prometheus", "grafana"}


def test_everything_in_compose_waits_until_its_dependencies_are_healthy(compose: dict[str, Any]) -> None:
    for name, item in compose.items():
        for other, how in item.get("depends_on", {}).items():
            wanted = "service_completed_successfully" if other == "secrets" else "service_healthy"
            assert how == {"condition": wanted}, name
            assert other == "secrets" or "build" in compose[other] or "healthcheck" in compose[other]
    for name in SERVICES:
        assert compose[name]["depends_on"].keys() >= {"secrets", "cassandra", "redis"}
    assert compose["edge"]["depends_on"].keys() == {*SERVICES, "web"}


def test_our_containers_are_read_only_and_unprivileged(compose: dict[str, Any]) -> None:
    for name in EVERYTHING:
        assert compose[name]["read_only"]
        assert compose[name]["cap_drop"] == ["ALL"]
        assert compose[name]["security_opt"] == ["no-new-privileges:true"]


def test_the_one_cassandra_acknowledges_only_what_is_on_disk(compose: dict[str, Any]) -> None:
    assert "commitlog_sync: batch" in compose["cassandra"]["command"][2]


def test_data_is_in_named_volumes(compose: dict[str, Any]) -> None:
    named = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["volumes"]
    for engine in ENGINES:
        assert any(volume.split(":")[0] in named for volume in compose[engine]["volumes"])


def test_containers_get_only_known_variables_and_secrets_as_files(compose: dict[str, Any]) -> None:
    known = known_variables()
    made = set(re.findall(r"for name in ([^;]*);", compose["secrets"]["command"][2])[0].split())
    for name in EVERYTHING:
        environment = compose[name]["environment"]
        assert environment.keys() <= known
        for variable, value in environment.items():
            assert f"{variable}_FILE" not in known or variable == "CHATLY_REDIS_URL"
            if variable.endswith("_FILE"):
                assert Path(value).name in made


@pytest.mark.parametrize("name", sorted(EVERYTHING))
def test_the_settings_of_no_container_are_refused_as_unsafe(compose: dict[str, Any], name: str, tmp_path: Path) -> None:
    given = {name: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value) for name, value in compose[name]["environment"].items()}
    variables = {**given, "CHATLY_HOST": "0.0.0.0", "CHATLY_EDGE_HOST": "0.0.0.0"}
    secret = tmp_path / "secret"
    secret.write_text("Yq3v8rT1kZ0bN5xW7cJ2mL9pD4sF6gHa")
    variables |= dict.fromkeys((variable for variable in variables if variable.endswith("_FILE")), str(secret))
    if name in SERVICES:
        refuse_unsafe_service(variables, SERVICES[name])
    elif name == "edge":
        refuse_unsafe_edge(load(EdgeSettings, variables), variables)
    else:
        refuse_unsafe_web(load(EdgeSettings, variables), variables)


def test_files_that_compose_mounts_exist(compose: dict[str, Any]) -> None:
    mounts = [volume for item in compose.values() for volume in item.get("volumes", []) if volume.startswith("./")]

    assert len(mounts) == 4
    assert all((ROOT / mount.split(":")[0]).exists() for mount in mounts)
