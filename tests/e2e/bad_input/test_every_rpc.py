"""Every RPC with requests that are not what it takes: each time an answer that says so."""

from collections.abc import Sequence

import grpc
import protovalidate
import pytest
from google.protobuf import message_factory
from google.protobuf.message import Message

from mesh.edge.contract import Method, methods
from tests.e2e.access.calls import attempt, key_of, outcome, request_type
from tests.e2e.access.cases import CASES
from tests.e2e.access.world import World, a_world
from tests.e2e.bad_input.wire import Path, dotted, encoded, string_fields
from tests.e2e.mesh import EMBEDDED, Mesh

# Refused before any engine is asked.
pytestmark = EMBEDDED

REACHABLE = [method for method in methods() if not method.internal]
FIELDS = [(method, path) for method in REACHABLE for path in string_fields(request_type(method))]
BROKEN = {"INTERNAL", "UNKNOWN", "UNIMPLEMENTED", "UNAVAILABLE", "DEADLINE_EXCEEDED"}


@pytest.fixture
async def world(mesh: Mesh) -> World:
    return await a_world(mesh)


def good(method: Method, world: World) -> bytes:
    """A request that would be served; of a stream, the first one."""
    request = CASES[key_of(method)].request(world, world.group)
    first = request[0] if isinstance(request, Sequence) else request
    return first.SerializeToString()


def name(method: Method, path: Path) -> str:
    return f"{key_of(method)}({dotted(path)})"


async def test_bytes_that_are_no_message(edge: grpc.aio.Channel, world: World) -> None:
    found = {key_of(method): await outcome(edge, method, b"\xff\xff\xff", world.owner.metadata) for method in REACHABLE}

    assert found == dict.fromkeys(found, "MALFORMED_REQUEST")


async def test_strings_that_are_not_utf8(edge: grpc.aio.Channel, world: World) -> None:
    found = {
        name(method, path): await outcome(
            edge, method, good(method, world) + encoded(path, b"\xc3\x28"), world.owner.metadata
        )
        for method, path in FIELDS
    }

    assert found == dict.fromkeys(found, "MALFORMED_REQUEST")


async def test_strings_that_are_too_long_are_named(edge: grpc.aio.Channel, world: World) -> None:
    for method, path in FIELDS:
        data = good(method, world) + encoded(path, b"x" * 10_000)
        found = await attempt(edge, method, data, world.owner.metadata)

        assert found.reason == "INVALID_FIELD", name(method, path)
        assert dotted(path) in {field.partition("[")[0] for field in found.fields}, name(method, path)


async def test_empty_requests(edge: grpc.aio.Channel, world: World) -> None:
    for method in REACHABLE:
        if not request_type(method).fields:
            continue
        empty: Message = message_factory.GetMessageClass(request_type(method))()
        found = await outcome(edge, method, empty, world.owner.metadata)

        if protovalidate.collect_violations(empty):
            assert found == "INVALID_FIELD", key_of(method)
        else:
            assert found not in BROKEN, key_of(method)
