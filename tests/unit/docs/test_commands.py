"""Documents name only commands that exist: make targets, subcommands of chatly, services of docker-compose."""

import re

import pytest
import yaml

from mesh.cli import main
from scripts.check_files import tracked_files
from scripts.configuration import ROOT

# What was measured, decided or changed keeps the words of its time.
_OF_ITS_TIME = ("docs/adr/", "CHANGELOG.md", "bench/README.md")
DOCUMENTS = {
    str(path): (ROOT / path).read_text()
    for path in tracked_files(ROOT)
    if path.suffix == ".md" and not str(path).startswith(_OF_ITS_TIME)
}
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)


def named(pattern: str) -> set[str]:
    """Return what the pattern's group matches in the code of all documents."""
    return {word for text in DOCUMENTS.values() for code in _CODE.findall(text) for word in re.findall(pattern, code)}


def test_make_targets_exist() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert named(r"\bmake ([a-z][a-z0-9-]*)") <= targets


def test_subcommands_of_chatly_exist(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    commands = set(re.findall(r"^    ([a-z-]+)", capsys.readouterr().out, re.MULTILINE))

    assert named(r"(?<!-n )(?<!--namespace )(?<![\w/.-])(?:\.venv/bin/)?chatly ([a-z][a-z-]+)") <= commands


def test_compose_services_exist() -> None:
    services = set(yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"])
    line = r"docker compose (?:logs|exec|restart)(?: --\w+(?: \d+)?)* ([a-z ]+?)(?=`| sh| /| cqlsh|\n)"

    assert {word for words in named(line) for word in words.split()} <= services


def test_kubernetes_deployments_exist() -> None:
    files = (ROOT / "deploy" / "k8s" / "base" / "services").glob("*.yaml")
    deployments = {
        item["metadata"]["name"]
        for file in files
        for item in yaml.safe_load_all(file.read_text())
        if item["kind"] == "Deployment"
    }

    assert named(r"deployment/([a-z]+)") <= deployments
