"""Protobuf ↔ model of the persister's RPCs."""

from datetime import UTC, datetime

from chatly.persister.v1 import persister_service_pb2 as pb

from history.ports import DeadLetter
from kernel.grpc.timestamps import timestamp
from kernel.log.ports import LogPosition
from services.persister.list_dead_letters import DeadLetterPage
from services.persister.model import PartitionStatus, Status
from services.persister.replay_dead_letters import Replayed


def positions(request: pb.ReplayDeadLettersRequest) -> list[LogPosition]:
    """Where the asked-for dead letters stand."""
    return [LogPosition(place.partition, place.offset) for place in request.positions]


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


def replayed_pb(replayed: Replayed) -> pb.ReplayDeadLettersResponse:
    return pb.ReplayDeadLettersResponse(replayed_count=replayed.replayed, failed_count=replayed.failed)


def _partition_pb(status: PartitionStatus) -> pb.PartitionStatus:
    return pb.PartitionStatus(
        partition=status.partition,
        stored_offset=status.stored_offset,
        end_offset=status.end_offset,
        lag=status.lag,
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
