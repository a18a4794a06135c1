"""What the media service refuses, in words."""

from kernel.errors import ChatlyError, Code, Reason, denied, not_found, precondition


def media_not_found() -> ChatlyError:
    return not_found(Reason.MEDIA_NOT_FOUND, "no such file, or it was deleted")


def media_forbidden() -> ChatlyError:
    return denied(Reason.MEDIA_FORBIDDEN, "this file was not sent to you")


def upload_not_found() -> ChatlyError:
    return not_found(Reason.UPLOAD_NOT_FOUND, "no such upload, or it was given up")


def upload_incomplete(*, received: int, expected: int) -> ChatlyError:
    return precondition(
        Reason.UPLOAD_INCOMPLETE,
        f"{received} of {expected} bytes were received",
        received_bytes=str(received),
        expected_bytes=str(expected),
    )


def file_empty() -> ChatlyError:
    return ChatlyError(Code.INVALID_ARGUMENT, Reason.FILE_EMPTY, "the file is empty")


def file_too_large(limit: int) -> ChatlyError:
    return ChatlyError(
        Code.INVALID_ARGUMENT,
        Reason.FILE_TOO_LARGE,
        f"the file is larger than {limit} bytes",
        {"limit_bytes": str(limit)},
    )


def checksum_mismatch() -> ChatlyError:
    return ChatlyError(
        Code.INVALID_ARGUMENT, Reason.CHECKSUM_MISMATCH, "the bytes received do not have the SHA-256 announced"
    )


def wrong_part(expected: int) -> ChatlyError:
    return ChatlyError(
        Code.ABORTED,
        Reason.WRONG_OFFSET,
        f"the next part begins at byte {expected}",
        {"expected_offset": str(expected)},
    )


def beyond_the_end(size: int) -> ChatlyError:
    return ChatlyError(
        Code.OUT_OF_RANGE, Reason.WRONG_OFFSET, f"the file ends at byte {size}", {"expected_offset": str(size)}
    )
