"""The RPCs by which media compares its files with the message store."""

from pathlib import Path

import grpc
from chatly.messaging.v1 import messaging_service_pb2 as pb

from history.open import open_history
from kernel.errors import KernelReason
from kernel.log.ports import LogRecord
from tests.rpc.messaging.harness import ANN, BOB, CID, Harness, between, open_harness, refused


async def store(data_dir: Path, harness: Harness) -> LogRecord:
    """Store every record that the log has, as the persister does. Return the last one."""
    async with open_history(data_dir) as history:
        await history.writer.apply(harness.log.records())
    return harness.log.records()[-1]


async def test_the_files_of_stored_messages_are_listed_in_pages(tmp_path: Path) -> None:
    async with open_harness(tmp_path) as harness:
        one, other, forwarded = (harness.media.add(ANN) for _ in range(3))
        group = (await harness.a_group(ANN, BOB)).chat_id
        both = await harness.send(ANN, user_id=BOB, media_ids=[one, other])
        first = await harness.send(ANN, user_id=CID, media_ids=[forwarded])
        second = await harness.send(ANN, chat_id=group, media_ids=[forwarded])
        await harness.send(BOB, user_id=ANN)
        await store(tmp_path, harness)
        await harness.send(ANN, user_id=BOB, media_ids=[one])

        found: dict[tuple[str, str], list[str]] = {}
        token = ""
        while True:
            page = await harness.stub.ListMessageFiles(
                pb.ListMessageFilesRequest(page_size=1, page_token=token), metadata=harness.served.as_service()
            )
            assert {each.sender_id for each in page.messages} <= {ANN}
            found |= {(each.message.chat_id, each.message.message_id): list(each.media_ids) for each in page.messages}
            if not (token := page.next_page_token):
                break

        assert found == {
            (between(ANN, BOB), both.message_id): [one, other],
            (between(ANN, CID), first.message_id): [forwarded],
            (group, second.message_id): [forwarded],
        }


async def test_another_page_token_is_refused(tmp_path: Path) -> None:
    async with open_harness(tmp_path) as harness:
        request = pb.ListMessageFilesRequest(page_token="AAAA")

        with refused(KernelReason.INVALID_PAGE_TOKEN, grpc.StatusCode.INVALID_ARGUMENT):
            await harness.stub.ListMessageFiles(request, metadata=harness.served.as_service())


async def test_the_answer_about_removed_messages_says_how_far_the_store_has_read_the_log(tmp_path: Path) -> None:
    async with open_harness(tmp_path) as harness:
        await harness.send(ANN, user_id=BOB)
        await harness.send(ANN, user_id=BOB)
        last = await store(tmp_path, harness)
        await harness.send(ANN, user_id=BOB)

        answer = await harness.stub.ListRemovedMessages(
            pb.ListRemovedMessagesRequest(), metadata=harness.served.as_service()
        )

        assert dict(answer.stored_offsets) == {last.position.partition: last.position.offset}
