"""The public contract is complete, as read from the descriptor set that the edge and the clients use."""

import re
from collections.abc import Iterator
from importlib import import_module

import pytest
from chatly.error.v1.error_reason_pb2 import ErrorReason
from chatly.options.v1.access_pb2 import ACCESS_PUBLIC, ACCESS_SERVICE, ACCESS_UNSPECIFIED, access
from chatly.options.v1.rate_pb2 import rate
from google.api.annotations_pb2 import http
from google.api.http_pb2 import HttpRule
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, MethodOptions

from kernel.errors import Reason
from tests.architecture.sources import PACKAGES, ROOT

FILES = [
    file
    for file in FileDescriptorSet.FromString((ROOT / "gen/python/chatly/chatly.binpb").read_bytes()).file
    if file.package.startswith("chatly.")
]
METHODS = {
    f"{file.package}.{service.name}.{method.name}": method
    for file in FILES
    for service in file.service
    for method in service.method
}
REASONS = {name.removeprefix("ERROR_REASON_") for name in ErrorReason.DESCRIPTOR.values_by_name} - {"UNSPECIFIED"}

# Field numbers within descriptor.proto, of which the path of a source location consists.
TOP_LEVEL = {4: "message", 5: "enum", 6: "service"}
WITHIN = {4: {2: "field", 3: "message", 4: "enum"}, 5: {2: "value"}, 6: {2: "rpc"}}


def comment_paths(file: FileDescriptorProto) -> dict[tuple[int, ...], str]:
    return {tuple(place.path): place.leading_comments for place in file.source_code_info.location}


def is_declaration(path: tuple[int, ...]) -> bool:
    """Return whether a location's path names a message, field, enum, value, service or RPC, at any depth."""
    kind: int | None = None
    for step in path[::2]:
        allowed = TOP_LEVEL if kind is None else WITHIN.get(kind, {})
        if step not in allowed:
            return False
        kind = {"message": 4, "enum": 5, "service": 6}.get(allowed[step], 0)
    return len(path) % 2 == 0 and bool(path)


def documented_errors() -> Iterator[tuple[str, str]]:
    """Return every reason that a comment of an RPC names, with its file."""
    for file in FILES:
        for path, comment in comment_paths(file).items():
            if path[:1] == (6,):
                _, _, errors = comment.partition("Errors:")
                yield from ((file.name, reason) for reason in re.findall(r"`([A-Z][A-Z_]+)`", errors))


def declared_reasons() -> Iterator[type[Reason]]:
    """Return every enum of reasons that the kernel, the history or a service declares."""
    for file in sorted(file for package in PACKAGES for file in (ROOT / package).rglob("errors.py")):
        module = import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
        for declared in vars(module).values():
            if isinstance(declared, type) and issubclass(declared, Reason) and declared.__module__ == module.__name__:
                yield declared


def rest_routes(method: MethodDescriptorProto) -> Iterator[tuple[str, str]]:
    """Return verb and path of every REST binding of a method, with path parameters left blank."""
    rule: HttpRule = method.options.Extensions[http]  # type: ignore[index]  # its stub omits the field that it extends
    for binding in (rule, *rule.additional_bindings):
        if verb := binding.WhichOneof("pattern"):
            yield verb, re.sub(r"{\w+}", "{}", getattr(binding, verb))


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_every_method_declares_its_callers(method: MethodDescriptorProto) -> None:
    assert method.options.Extensions[access] != ACCESS_UNSPECIFIED


LIMITED_PER_ADDRESS = {"Register", "Login", "Refresh"}
"""Methods without a user, which the edge limits per address."""


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_every_writing_method_has_a_limit_per_user(method: MethodDescriptorProto) -> None:
    options = method.options
    if options.idempotency_level == MethodOptions.NO_SIDE_EFFECTS or options.Extensions[access] == ACCESS_SERVICE:
        return
    if options.Extensions[access] == ACCESS_PUBLIC:
        assert method.name in LIMITED_PER_ADDRESS
        return
    limit = options.Extensions[rate]
    assert limit.calls > 0
    assert limit.seconds > 0


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_everything_declared_has_a_comment(file: FileDescriptorProto) -> None:
    comments = comment_paths(file)
    declared = {path for path in comments if is_declaration(path)}

    assert declared
    assert [path for path in declared if not comments[path].strip()] == []


def test_the_code_declares_exactly_the_reasons_of_the_contract() -> None:
    assert {str(reason) for reasons in declared_reasons() for reason in reasons} == REASONS


def test_every_error_that_a_method_announces_exists() -> None:
    announced = list(documented_errors())

    assert announced
    assert [error for error in announced if error[1] not in REASONS] == []


def test_no_two_methods_share_a_rest_path() -> None:
    routes = sorted(route for method in METHODS.values() for route in rest_routes(method))

    assert routes
    assert routes == sorted(set(routes))
