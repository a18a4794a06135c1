"""Rules about use cases that import-linter cannot express, because a use case may have any file name.

Every file or folder of a service that is not one of the common ones is a use case, or a folder of use cases.
"""

from collections.abc import Iterable

import grimp
import pytest

from tests.architecture.sources import ROOT

COMMON_FILES = {"adapters", "api", "errors", "model", "ports", "settings", "wiring"}
# Modules that a use case must not import, including everything below them.
TRANSPORT_AND_STORAGE = (
    "cassandra",
    "chatly",
    "confluent_kafka",
    "google",
    "grpc",
    "kafka",
    "redis",
    "sqlite3",
    "starlette",
    "kernel.cassandra",
    "kernel.kafka",
    "kernel.redis",
    "kernel.s3",
    "kernel.sqlite",
)


def use_cases(graph: grimp.ImportGraph) -> list[str]:
    return [
        module
        for service in graph.find_children("services")
        for part in graph.find_children(service)
        if part.rpartition(".")[2] not in COMMON_FILES
        for module in (part, *graph.find_descendants(part))
    ]


def wrong_imports(graph: grimp.ImportGraph) -> list[str]:
    """Return each import of a use case that points up, out, or into another service, as `importer -> imported`."""
    return sorted(
        f"{module} -> {imported}"
        for module in use_cases(graph)
        for imported in graph.find_modules_directly_imported_by(module)
        if is_forbidden(imported)
    )


def is_forbidden(imported: str) -> bool:
    if imported.startswith("services."):
        _, _, *part = imported.split(".")
        return part[:1] in (["adapters"], ["api"], ["settings"], ["wiring"])
    return any(imported == root or imported.startswith(f"{root}.") for root in TRANSPORT_AND_STORAGE)


def graph_of(imports: Iterable[tuple[str, str]]) -> grimp.ImportGraph:
    graph = grimp.ImportGraph()
    for module in ("services", "services.auth"):
        graph.add_module(module)
    for importer, imported in imports:
        graph.add_import(importer=importer, imported=imported)
    return graph


def test_use_cases_know_no_transport_no_storage_and_none_of_their_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT)
    graph = grimp.build_graph("services", "kernel", include_external_packages=True, cache_dir=None)

    assert use_cases(graph)
    assert wrong_imports(graph) == []


@pytest.mark.parametrize(
    "imported", ["grpc", "sqlite3", "chatly", "kernel.sqlite.database", "services.auth.api.mapping"]
)
def test_a_use_case_that_imports_one_of_them_is_reported(imported: str) -> None:
    graph = graph_of([("services.auth.register", imported), ("services.auth.api", imported)])

    assert wrong_imports(graph) == [f"services.auth.register -> {imported}"]


def test_a_use_case_may_import_ports_model_and_the_kernel() -> None:
    below = ["services.auth.ports", "services.auth.model", "services.auth.other_use_case", "kernel.errors"]

    assert wrong_imports(graph_of([("services.auth.register", module) for module in below])) == []
