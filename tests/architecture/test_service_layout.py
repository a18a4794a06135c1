"""All services have the same files: a reader who knows one service finds everything in the others."""

import ast
from pathlib import Path

import pytest

from tests.architecture.sources import ROOT

REQUIRED = {
    "README.md",
    "__init__.py",
    "adapters",
    "api",
    "errors.py",
    "model.py",
    "ports.py",
    "settings.py",
    "wiring.py",
}
API = {"grpc", "http", "mapping"}
TECHNOLOGIES = {"bus", "cassandra", "folder", "grpc", "memory", "redis", "sqlite", "tracing"}
MAX_CARRIERS = 3

SERVICES = sorted(path.parent for path in (ROOT / "services").glob("*/__init__.py"))


def entries(folder: Path) -> set[str]:
    """Return the names of files and folders that Git could track."""
    return {path.name for path in folder.iterdir() if path.name != "__pycache__"}


def modules(folder: Path) -> set[str]:
    """Return the modules and packages of a package, without its `__init__`."""
    return {name.removesuffix(".py") for name in entries(folder)} - {"__init__"}


def layout_errors(service: Path) -> list[str]:
    """Return what is missing from a service and what does not belong there."""
    missing = REQUIRED - entries(service)
    return [
        *(f"missing: {name}" for name in sorted(missing)),
        *(f"not an API: api/{name}" for name in sorted(modules(service / "api") - API)),
        *(f"missing: api/{name}" for name in sorted({"grpc", "mapping"} - modules(service / "api"))),
        *(f"not a technology: adapters/{name}" for name in sorted(modules(service / "adapters") - TECHNOLOGIES)),
    ]


def carriers(source: str) -> list[str]:
    """Return the dataclasses of a wiring module: types that only carry dependencies."""
    return [
        node.name
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef) and any("dataclass" in ast.unparse(item) for item in node.decorator_list)
    ]


def test_there_are_five_services() -> None:
    assert [service.name for service in SERVICES] == ["auth", "media", "messaging", "persister", "presence"]


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_has_the_common_layout(service: Path) -> None:
    assert layout_errors(service) == []


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_wiring_module_has_at_most_three_carrier_types(service: Path) -> None:
    assert len(carriers((service / "wiring.py").read_text())) <= MAX_CARRIERS


def test_missing_and_misplaced_files_are_named(tmp_path: Path) -> None:
    for name in REQUIRED - {"api", "adapters", "ports.py"}:
        (tmp_path / name).touch()
    for folder, name in (("api", "grpc.py"), ("api", "pages.py"), ("adapters", "sqlite.py"), ("adapters", "files.py")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).touch()

    assert layout_errors(tmp_path) == [
        "missing: ports.py",
        "not an API: api/pages",
        "missing: api/mapping",
        "not a technology: adapters/files",
    ]


def test_dataclasses_count_as_carriers() -> None:
    source = "@dataclass(frozen=True)\nclass Stores: ...\n@dataclass\nclass Parts: ...\nclass Other: ...\n"

    assert carriers(source) == ["Stores", "Parts"]
