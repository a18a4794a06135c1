"""One message over several processes and the real engines: its trace, and the log lines of its request."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack

import grpc
import pytest
import pytest_asyncio

from tests.collector import Collector, Seen
from tests.e2e.live.listener import listening
from tests.e2e.mesh import HOST, Mesh, running_mesh
from tests.e2e.people import people
from tests.e2e.real_engines import PrivateEngines
from tests.e2e.traced import ASK, SEND, send, traced_settings
from tests.ports import free_ports
from tests.waiting import eventually

pytestmark = [pytest.mark.engines, pytest.mark.timeout(150), pytest.mark.asyncio(loop_scope="session")]


@pytest.fixture(scope="module")
def messaging_nodes() -> list[str]:
    """The addresses of the two messaging nodes."""
    free = free_ports()
    return [f"{HOST}:{next(free)}" for _ in range(2)]


@pytest.fixture(scope="module")
def own_engines(private_engines: PrivateEngines) -> Iterator[dict[str, str]]:
    """Separate engines, because the persisters of the folder's mesh, which do not trace, would share the work."""
    with private_engines() as settings:
        yield settings


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def traced(
    tmp_path_factory: pytest.TempPathFactory,
    own_engines: dict[str, str],
    collector: Collector,
    messaging_nodes: list[str],
) -> AsyncIterator[Mesh]:
    """A mesh that traces and logs everything."""
    free = free_ports()
    async with running_mesh(
        tmp_path_factory.mktemp("traced"),
        **own_engines,
        CHATLY_MESSAGING_ADDRESS=",".join(messaging_nodes),
        CHATLY_MESSAGING_HTTP_ADDRESS=",".join(f"{HOST}:{next(free)}" for _ in messaging_nodes),
        **traced_settings(collector),
    ) as mesh:
        yield mesh


def loggers(mesh: Mesh, request_id: str) -> set[str]:
    """Return the services that logged something with this request id."""
    return {
        file.stem.rpartition("-")[0]
        for file in (mesh.data_dir / "logs").glob("*.log")
        for line in file.read_text().splitlines()
        if request_id in line and json.loads(line)["request_id"] == request_id
    }


async def test_a_message_is_one_trace_over_all_processes(
    traced: Mesh, collector: Collector, messaging_nodes: list[str]
) -> None:
    ann, bob = await people(traced, "ann", "bob")
    async with AsyncExitStack() as stack:
        # Bob subscribes on both nodes, so one of them is not the sending node.
        for address in messaging_nodes:
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(address))
            of_bob = await stack.enter_async_context(listening(channel, bob))
            await of_bob.until_caught_up()
        request_id = await send(traced, ann, bob)
        await collector.until(SEND, ASK, "append", "store", "deliver", request_id=request_id, logs=traced.logs)
        await eventually(lambda: len(delivered(collector, request_id)) == 2, "both nodes have delivered")

    sent = collector.one(SEND, kind="SERVER", request_id=request_id)
    await eventually(lambda: any(span.span_id == sent.parent_id for span in collector.spans), "Envoy's span has come")
    (edge,) = (span for span in collector.spans if span.span_id == sent.parent_id)
    asked = collector.one(ASK, kind="CLIENT", below=sent)
    answered = collector.one(ASK, kind="SERVER", below=asked)
    appended = collector.one("append", kind="PRODUCER", below=sent)
    stored = collector.one("store", kind="CONSUMER", below=appended)
    places = [(span.service, span.name) for span in (edge, sent, answered, appended, stored)]
    assert edge.parent_id == ""
    assert [service for service, _ in places] == ["edge", "messaging", "auth", "messaging", "persister"]
    assert all(span.parent_id == appended.span_id for span in delivered(collector, request_id))
    assert sent.instance in {span.instance for span in delivered(collector, request_id)}
    assert len({span.instance for span in delivered(collector, request_id)}) == 2
    assert {span.trace_id for span in collector.of(request_id)} == {edge.trace_id}


def delivered(collector: Collector, request_id: str) -> list[Seen]:
    return [span for span in collector.of(request_id) if span.name == "deliver"]


async def test_every_process_logs_the_request_id_of_the_edge(traced: Mesh) -> None:
    ann, bob = await people(traced, "ann", "bob")

    request_id = await send(traced, ann, bob)

    await eventually(
        lambda: loggers(traced, request_id) == {"auth", "messaging", "persister"}, "all three have logged it"
    )
