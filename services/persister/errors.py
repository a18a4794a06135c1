"""Errors of the persister."""

from enum import auto

from kernel.errors import ChatlyError, Reason, not_found
from kernel.log.ports import LogPosition


class PersisterReason(Reason):
    """Reasons of the persister. The proto enum chatly.error.v1.ErrorReason explains each of them."""

    DEAD_LETTER_NOT_FOUND = auto()


def dead_letter_not_found(position: LogPosition) -> ChatlyError:
    return not_found(
        PersisterReason.DEAD_LETTER_NOT_FOUND,
        f"no dead letter at offset {position.offset} of partition {position.partition}",
    )
