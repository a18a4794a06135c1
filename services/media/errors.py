"""Errors of the media service."""

from enum import auto

from kernel.errors import ChatlyError, Code, Reason, denied, not_found, precondition


class MediaReason(Reason):
    """Reasons of the media service. `chatly.error.v1.ErrorReason` explains each."""

    MEDIA_FORBIDDEN = auto()
    LINK_INVALID = auto()
    MEDIA_NOT_FOUND = auto()
    UPLOAD_NOT_FOUND = auto()
    UPLOAD_INCOMPLETE = auto()
    MEDIA_NOT_READY = auto()
    FILE_TOO_LARGE = auto()
    FILE_TYPE_NOT_ALLOWED = auto()
    IMAGE_UNREADABLE = auto()
    WRONG_OFFSET = auto()
    CHECKSUM_MISMATCH = auto()
    FILE_EMPTY = auto()


def is_temporary(error: Exception) -> bool:
    """Return whether a background job should continue: the error is one of another service, an engine or the disk."""
    return isinstance(error, ChatlyError | OSError)


def media_not_found() -> ChatlyError:
    return not_found(MediaReason.MEDIA_NOT_FOUND, "file not found")


def media_forbidden() -> ChatlyError:
    return denied(MediaReason.MEDIA_FORBIDDEN, "you may not see this file")


def upload_not_found() -> ChatlyError:
    return not_found(MediaReason.UPLOAD_NOT_FOUND, "upload not found or expired")


def upload_incomplete(*, received: int, expected: int) -> ChatlyError:
    return precondition(
        MediaReason.UPLOAD_INCOMPLETE,
        f"{received} of {expected} bytes were received",
        received_bytes=str(received),
        expected_bytes=str(expected),
    )


def file_empty() -> ChatlyError:
    return ChatlyError(Code.INVALID_ARGUMENT, MediaReason.FILE_EMPTY, "the file is empty")


def file_too_large(limit: int) -> ChatlyError:
    return ChatlyError(
        Code.INVALID_ARGUMENT,
        MediaReason.FILE_TOO_LARGE,
        f"the file is larger than {limit} bytes",
        {"limit_bytes": str(limit)},
    )


def checksum_mismatch() -> ChatlyError:
    return ChatlyError(
        Code.INVALID_ARGUMENT, MediaReason.CHECKSUM_MISMATCH, "the received bytes do not have the given SHA-256"
    )


def wrong_part(expected: int) -> ChatlyError:
    return ChatlyError(
        Code.ABORTED,
        MediaReason.WRONG_OFFSET,
        f"the next part starts at byte {expected}",
        {"expected_offset": str(expected)},
    )


def beyond_the_end(size: int) -> ChatlyError:
    return ChatlyError(
        Code.OUT_OF_RANGE, MediaReason.WRONG_OFFSET, f"the file ends at byte {size}", {"expected_offset": str(size)}
    )


def link_invalid() -> ChatlyError:
    return denied(MediaReason.LINK_INVALID, "the link has expired or is invalid")


def type_not_allowed(detected: str, message: str) -> ChatlyError:
    return ChatlyError(Code.INVALID_ARGUMENT, MediaReason.FILE_TYPE_NOT_ALLOWED, message, {"detected_type": detected})
