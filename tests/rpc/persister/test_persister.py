"""PersisterService over gRPC: status, dead letters and access."""

from datetime import timedelta
from pathlib import Path

import grpc
import pytest
from chatly.persister.v1 import persister_service_pb2 as pb
from chatly.persister.v1.persister_service_pb2_grpc import PersisterServiceStub

from history.codec import encode
from history.open import HistoryStore
from history.ports import Window
from kernel.log.epochs import LogEpoch
from services.persister.settings import PersisterSettings
from services.persister.wiring import open_persister
from tests.fakes import MemoryLog, Served, a_platform, running
from tests.unit.history.builders import ANN, ANN_AND_BOB, ChatBuilder
from tests.waiting import eventually

POISON = b"\xff\xff\xff"


async def status(stub: PersisterServiceStub, served: Served) -> pb.GetStatusResponse:
    return await stub.GetStatus(pb.GetStatusRequest(), metadata=served.as_service())


async def append_unreadable(log: MemoryLog, count: int, stub: PersisterServiceStub, served: Served) -> None:
    """Append `count` unreadable records and wait until they are dead letters."""
    for _ in range(count):
        await log.append(ANN_AND_BOB, POISON)

    async def all_are_dead_letters() -> bool:
        return (await status(stub, served)).dead_letter_count == count

    await eventually(all_are_dead_letters)


async def test_the_status_has_the_stored_offset_of_each_partition(
    log: MemoryLog, stub: PersisterServiceStub, served: Served
) -> None:
    sent = ChatBuilder().sent()
    position = await log.append(sent.chat_id, encode(sent))

    async def is_stored() -> bool:
        partitions = {item.partition: item for item in (await status(stub, served)).partitions}
        return len(partitions) == 4 and partitions[position.partition].stored_offset == 0

    await eventually(is_stored)
    answer = await status(stub, served)
    mine = answer.partitions[position.partition]
    assert (mine.end_offset, mine.lag) == (0, 0)
    assert answer.partitions[(position.partition + 1) % 4].stored_offset == -1
    assert answer.records_per_second > 0
    assert answer.last_error == ""
    assert not answer.HasField("last_error_at")


async def test_offsets_after_the_log_was_replaced_are_those_of_the_new_one(
    log: MemoryLog, store: HistoryStore, tmp_path: Path
) -> None:
    await store.log.begin(LogEpoch(number=0, log_id="lost", identity="lost", adopted=True))
    async with (
        a_platform(data_dir=tmp_path, log=log) as platform,
        open_persister(PersisterSettings(), platform, store, timedelta(days=30)) as service,
        running(service) as served,
    ):
        stub = PersisterServiceStub(served.channel)
        sent = ChatBuilder().sent()
        position = await log.append(sent.chat_id, encode(sent))

        async def is_stored() -> bool:
            partitions = {item.partition: item for item in (await status(stub, served)).partitions}
            found = partitions.get(position.partition)
            return found is not None and (found.stored_epoch, found.stored_offset, found.lag) == (1, 0, 0)

        await eventually(is_stored)
        assert "replaced by another one" in str(await service.warnings["log"]())


async def test_dead_letters_are_listed_page_by_page(log: MemoryLog, stub: PersisterServiceStub, served: Served) -> None:
    await append_unreadable(log, 5, stub, served)
    found: list[int] = []
    token = ""
    while True:
        request = pb.ListDeadLettersRequest(page_size=2, page_token=token)
        page = await stub.ListDeadLetters(request, metadata=served.as_service())
        found += [letter.offset for letter in page.dead_letters]
        token = page.next_page_token
        if not token:
            break

    assert found == [4, 3, 2, 1, 0]
    assert (page.dead_letters[0].key, page.dead_letters[0].value) == (ANN_AND_BOB, POISON)
    assert "not a ChatEvent" in page.dead_letters[0].error


async def test_replayed_dead_letters_that_fail_again_are_counted(
    log: MemoryLog, stub: PersisterServiceStub, served: Served
) -> None:
    await append_unreadable(log, 2, stub, served)

    answer = await stub.ReplayDeadLetters(pb.ReplayDeadLettersRequest(), metadata=served.as_service())

    assert (answer.replayed_count, answer.failed_count) == (0, 2)


async def test_an_unknown_dead_letter_is_not_found(stub: PersisterServiceStub, served: Served) -> None:
    request = pb.ReplayDeadLettersRequest(positions=[pb.DeadLetterPosition(partition=0, offset=7)])

    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stub.ReplayDeadLetters(request, metadata=served.as_service())

    assert raised.value.code() is grpc.StatusCode.NOT_FOUND


async def test_a_foreign_page_token_is_rejected(stub: PersisterServiceStub, served: Served) -> None:
    request = pb.ListDeadLettersRequest(page_token="made-up")

    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await stub.ListDeadLetters(request, metadata=served.as_service())

    assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize("call", ["GetStatus", "ListDeadLetters", "ReplayDeadLetters"])
async def test_users_may_not_call_the_persister(call: str, stub: PersisterServiceStub, served: Served) -> None:
    request = getattr(pb, f"{call}Request")()

    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await getattr(stub, call)(request, metadata=served.as_user(ANN))

    assert raised.value.code() is grpc.StatusCode.PERMISSION_DENIED


async def test_log_records_reach_the_store(log: MemoryLog, store: HistoryStore, served: Served) -> None:
    sent = ChatBuilder().sent()
    await log.append(sent.chat_id, encode(sent))

    async def is_stored() -> bool:
        return bool(await store.messages.window(ANN_AND_BOB, Window(limit=1)))

    await eventually(is_stored)
