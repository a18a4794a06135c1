"""Reasons of the stored history."""

from enum import auto

from kernel.errors import Reason


class HistoryReason(Reason):
    """Reasons of the stored history; the protos explain each: chatly.error.v1.ErrorReason."""

    DEAD_LETTER_NOT_FOUND = auto()
