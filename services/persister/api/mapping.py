"""Conversion between protobuf and the model, for the persister's RPCs."""

from datetime import UTC, datetime

from chatly.persister.v1 import persister_service_pb2 as pb

from history.ports import DeadLetter
from kernel.grpc.time import timestamp
from kernel.log.epochs import epoch_of, offset_of
from kernel.log.ports import LogPosition
from services.persister.model import DeadLetterPage, PartitionStatus, ReplayResult, Status


def positions(request: pb.ReplayDeadLettersRequest) -> list[LogPosition]:
    """Return the log positions of the requested dead letters."""
    return [LogPosition(position.partition, position.offset) for position in request.positions]


def status_pb(status: Status) -> pb.GetStatusResponse:
    failure = status.last_failure
    return pb.GetStatusResponse(
        partitions=map(_partition_pb, status.partitions),
        records_per_second=status.records_per_second,
        last_error=failure.message if failure else "",
        last_error_at=timestamp(failure.happened_at) if failure else None,
        dead_letter_count=status.dead_letter_count,
    )


def page_pb(page: DeadLetterPage) -> pb.ListDeadLettersResponse:
    return pb.ListDeadLettersResponse(
        dead_letters=map(_dead_letter_pb, page.letters), next_page_token=page.next_page_token
    )


def replayed_pb(result: ReplayResult) -> pb.ReplayDeadLettersResponse:
    return pb.ReplayDeadLettersResponse(replayed_count=result.replayed, failed_count=result.failed)


def _partition_pb(status: PartitionStatus) -> pb.PartitionStatus:
    return pb.PartitionStatus(
        partition=status.partition,
        stored_offset=offset_of(status.stored_offset),
        end_offset=offset_of(status.end_offset),
        lag=status.lag,
        stored_epoch=epoch_of(status.stored_offset),
        end_epoch=epoch_of(status.end_offset),
        oldest_unstored_at=timestamp(status.oldest_unstored_at) if status.oldest_unstored_at else None,
    )


def _dead_letter_pb(letter: DeadLetter) -> pb.DeadLetter:
    record = letter.record
    return pb.DeadLetter(
        partition=record.position.partition,
        offset=record.position.offset,
        key=record.key,
        error=letter.error,
        failed_at=timestamp(datetime.fromtimestamp(letter.failed_at, UTC)),
        value=record.value,
    )
