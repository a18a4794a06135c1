"""The trace of one message through the real edge and the whole mesh, and the log lines of its request."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import grpc
import pytest
import pytest_asyncio

from tests.collector import Collector
from tests.e2e.live.listener import listening
from tests.e2e.mesh import Mesh, running_mesh
from tests.e2e.people import people, rest
from tests.e2e.traced import ASK, SEND, send, traced_settings
from tests.waiting import eventually

pytestmark = [pytest.mark.timeout(90), pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def traced(tmp_path_factory: pytest.TempPathFactory, collector: Collector) -> AsyncIterator[Mesh]:
    """A mesh that traces and logs everything."""
    async with running_mesh(
        tmp_path_factory.mktemp("traced"),
        **traced_settings(collector),
    ) as mesh:
        yield mesh


def entries(log: str, about: str = "") -> list[dict[str, Any]]:
    """Return the entries that contain a text. The last line may be incomplete while the log grows."""
    whole, _, _ = log.rpartition("\n")
    return [json.loads(line) for line in whole.splitlines() if line.startswith("{") and about in line]


def lines(mesh: Mesh, request_id: str) -> list[dict[str, Any]]:
    """Return the services' log entries of one request."""
    return [entry for entry in entries(mesh.output(), request_id) if "component" in entry]


def access_log(mesh: Mesh) -> list[dict[str, Any]]:
    """Return Envoy's access log."""
    return entries((mesh.data_dir / "edge" / "access.log").read_text())


async def test_a_message_is_one_trace_from_the_edge_to_the_store_and_the_subscribers(
    traced: Mesh, collector: Collector
) -> None:
    ann, bob = await people(traced, "ann", "bob")
    async with grpc.aio.insecure_channel(traced.edge) as channel, listening(channel, bob) as of_bob:
        await of_bob.until_caught_up()
        request_id = await send(traced, ann, bob)
        await of_bob.next("message_created")

    await collector.until(SEND, ASK, "append", "store", "deliver", request_id=request_id)
    sent = collector.one(SEND, kind="SERVER", request_id=request_id)
    await eventually(lambda: any(span.span_id == sent.parent_id for span in collector.spans), "Envoy's span has come")
    (edge,) = (span for span in collector.spans if span.span_id == sent.parent_id)
    assert (edge.service, edge.parent_id, edge.request_id) == ("edge", "", request_id)
    asked = collector.one(ASK, kind="CLIENT", below=sent)
    collector.one(ASK, kind="SERVER", below=asked)
    appended = collector.one("append", kind="PRODUCER", below=sent)
    stored = collector.one("store", kind="CONSUMER", below=appended)
    delivered = collector.one("deliver", kind="CONSUMER", below=appended)
    assert stored.attributes["offset"] == 0
    assert delivered.attributes["streams"] == 1
    assert {span.trace_id for span in collector.of(request_id)} == {edge.trace_id}
    assert not any(span.failed for span in collector.of(request_id))


async def test_every_service_logs_the_request_id_of_the_edge(traced: Mesh, collector: Collector) -> None:
    ann, bob = await people(traced, "ann", "bob")

    request_id = await send(traced, ann, bob)

    await eventually(
        lambda: any(line["component"] == "persister" for line in lines(traced, request_id)), "it is stored"
    )
    logged = lines(traced, request_id)
    assert {line.get("method") for line in logged} >= {SEND, ASK}
    assert {line["component"] for line in logged} >= {"rpc", "persister"}
    (trace_id,) = {line["trace_id"] for line in logged}
    await collector.until(SEND, request_id=request_id)
    assert collector.one(SEND, request_id=request_id).trace_id == trace_id

    def at_the_edge() -> set[str]:
        return {line["trace_id"] for line in access_log(traced) if line["request_id"] == request_id}

    # Envoy flushes its log every 10 s.
    await eventually(lambda: at_the_edge() == {trace_id}, "the edge has logged it too", seconds=25)


async def test_a_call_that_fails_is_in_the_trace_with_its_outcome(traced: Mesh, collector: Collector) -> None:
    (ann,) = await people(traced, "ann")
    async with rest(traced) as client:
        refused = await client.get(f"/api/messages/{uuid4()}", headers=ann.headers)
    request_id = refused.headers["x-request-id"]
    name = "chatly.messaging.v1.MessagingService/ListMessages"

    await collector.until(name, request_id=request_id)

    assert collector.one(name, request_id=request_id).attributes["chatly.outcome"] == "NOT_FOUND"
    assert {line["code"] for line in lines(traced, request_id) if line.get("method") == name} == {"NOT_FOUND"}


async def test_a_download_has_a_span_too(traced: Mesh, collector: Collector) -> None:
    async with rest(traced) as client:
        answer = await client.get(f"/api/uploads/{uuid4()}")
    request_id = answer.headers["x-request-id"]

    await collector.until("media GET", request_id=request_id)

    assert collector.one("media GET", request_id=request_id).attributes["chatly.outcome"] == str(answer.status_code)


async def test_callers_cannot_choose_the_trace(traced: Mesh, collector: Collector) -> None:
    ann, bob = await people(traced, "ann", "bob")
    theirs = "0af7651916cd43dd8448eb211c80319c"

    request_id = await send(traced, ann, bob, ("traceparent", f"00-{theirs}-b7ad6b7169203331-01"))

    await collector.until(SEND, request_id=request_id)
    assert collector.one(SEND, request_id=request_id).trace_id != theirs
