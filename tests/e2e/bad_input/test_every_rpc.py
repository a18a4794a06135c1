"""Every RPC with malformed and invalid requests: each is refused with a typed error."""

from collections.abc import Sequence

import grpc
import protovalidate
import pytest
from google.protobuf import message_factory
from google.protobuf.message import Message

from mesh.edge.contract import Method, methods
from tests.e2e.access.calls import attempt, key_of, outcome, request_type
from tests.e2e.access.cases import CASES
from tests.e2e.access.harness import Owned, owned_data
from tests.e2e.bad_input.wire import Path, dotted, encoded, string_fields
from tests.e2e.mesh import EMBEDDED, Mesh

# Refused before any engine is used.
pytestmark = EMBEDDED

REACHABLE = [method for method in methods() if not method.internal]
FIELDS = [(method, path) for method in REACHABLE for path in string_fields(request_type(method))]
BROKEN = {"INTERNAL", "UNKNOWN", "UNIMPLEMENTED", "UNAVAILABLE", "DEADLINE_EXCEEDED"}


@pytest.fixture
async def owned(mesh: Mesh) -> Owned:
    return await owned_data(mesh)


def good(method: Method, owned: Owned) -> bytes:
    """Return a valid request; for a stream, the first one."""
    request = CASES[key_of(method)].request(owned, owned.group)
    first = request[0] if isinstance(request, Sequence) else request
    return first.SerializeToString()


def name(method: Method, path: Path) -> str:
    return f"{key_of(method)}({dotted(path)})"


async def test_malformed_messages(edge: grpc.aio.Channel, owned: Owned) -> None:
    found = {key_of(method): await outcome(edge, method, b"\xff\xff\xff", owned.owner.metadata) for method in REACHABLE}

    assert found == dict.fromkeys(found, "MALFORMED_REQUEST")


async def test_strings_that_are_not_utf8(edge: grpc.aio.Channel, owned: Owned) -> None:
    found = {
        name(method, path): await outcome(
            edge, method, good(method, owned) + encoded(path, b"\xc3\x28"), owned.owner.metadata
        )
        for method, path in FIELDS
    }

    assert found == dict.fromkeys(found, "MALFORMED_REQUEST")


async def test_strings_that_are_too_long_are_named(edge: grpc.aio.Channel, owned: Owned) -> None:
    for method, path in FIELDS:
        data = good(method, owned) + encoded(path, b"x" * 10_000)
        found = await attempt(edge, method, data, owned.owner.metadata)

        assert found.reason == "INVALID_FIELD", name(method, path)
        assert dotted(path) in {field.partition("[")[0] for field in found.fields}, name(method, path)


async def test_empty_requests(edge: grpc.aio.Channel, owned: Owned) -> None:
    for method in REACHABLE:
        if not request_type(method).fields:
            continue
        empty: Message = message_factory.GetMessageClass(request_type(method))()
        found = await outcome(edge, method, empty, owned.owner.metadata)

        if protovalidate.collect_violations(empty):
            assert found == "INVALID_FIELD", key_of(method)
        else:
            assert found not in BROKEN, key_of(method)
