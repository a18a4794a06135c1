"""All parts of the repository have one version, that of pyproject.toml."""

import json
import re
import tomllib

import pytest

from tests.architecture.sources import ROOT


@pytest.fixture(scope="module")
def version() -> str:
    found: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    return found


@pytest.mark.parametrize("folder", ["web", "examples/node"])
def test_packages_of_node_have_it(folder: str, version: str) -> None:
    package = json.loads((ROOT / folder / "package.json").read_text())
    lock = json.loads((ROOT / folder / "package-lock.json").read_text())

    assert (package["version"], lock["version"], lock["packages"][""]["version"]) == (version,) * 3


def test_the_java_example_has_it(version: str) -> None:
    pom = (ROOT / "examples/java/pom.xml").read_text()

    assert re.findall(r"^  <version>(.*)</version>$", pom, re.MULTILINE) == [version]


def test_production_runs_images_of_it(version: str) -> None:
    overlay = (ROOT / "deploy/k8s/overlays/prod/kustomization.yaml").read_text()
    readme = (ROOT / "deploy/k8s/README.md").read_text()

    assert set(re.findall(r"newTag: (\S+)}", overlay)) == {version}
    assert re.findall(r"chatly/\$target:(\S+)\"", readme) == [version]


def test_the_changelog_has_a_dated_section_for_it(version: str) -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()

    assert re.search(rf"^## \[?{re.escape(version)}\]? - \d{{4}}-\d\d-\d\d$", changelog, re.MULTILINE)
