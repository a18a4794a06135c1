"""The CHATLY_ variables that exist."""

import dataclasses
import importlib
from collections.abc import Iterator

from mesh.services import SERVICES

_MODULES = (
    "kernel.s3.settings",
    "kernel.kafka.settings",
    "kernel.log.retention",
    "kernel.grpc.settings",
    "kernel.cassandra.settings",
    "kernel.redis.settings",
    "kernel.telemetry.logs",
    "kernel.telemetry.tracing",
    "mesh.edge.settings",
    "kernel.grpc.tls",
    "mesh.safety",
    "mesh.settings",
    *(f"services.{name}.settings" for name in SERVICES),
)


def known_variables() -> set[str]:
    """Return every variable that some process reads, including the `_FILE` variables of secrets."""
    addresses = {f"CHATLY_{name.upper()}_{kind}" for name in SERVICES for kind in ("ADDRESS", "HTTP_ADDRESS")}
    return addresses | {name for module in _MODULES for name in _variables_of(module)}


def _variables_of(module: str) -> Iterator[str]:
    for thing in vars(importlib.import_module(module)).values():
        if not (isinstance(thing, type) and dataclasses.is_dataclass(thing)):
            continue
        for field in dataclasses.fields(thing):
            if variable := field.metadata.get("chatly"):
                for service in SERVICES:
                    name = variable.name.format_map({"SERVICE": service.upper()})
                    yield name
                    if variable.secret:
                        yield f"{name}_FILE"
