"""Errors that callers are meant to see. How they travel is the business of `kernel.grpc`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto


class Code(Enum):
    """Canonical status of a failed call (the names of google.rpc.Code)."""

    INVALID_ARGUMENT = auto()
    UNAUTHENTICATED = auto()
    PERMISSION_DENIED = auto()
    NOT_FOUND = auto()
    ALREADY_EXISTS = auto()
    FAILED_PRECONDITION = auto()
    ABORTED = auto()
    OUT_OF_RANGE = auto()
    RESOURCE_EXHAUSTED = auto()
    UNAVAILABLE = auto()
    DEADLINE_EXCEEDED = auto()
    UNIMPLEMENTED = auto()
    INTERNAL = auto()


class _NamedLikeMember(StrEnum):
    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[str]) -> str:  # noqa: ARG004
        return name


class Reason(_NamedLikeMember):
    """Stable reasons, the values of chatly.error.v1.ErrorReason without their prefix; each is explained there."""

    INVALID_FIELD = auto()
    INVALID_PAGE_TOKEN = auto()
    INVALID_CURSOR = auto()
    PASSWORD_TOO_LONG = auto()
    MALFORMED_REQUEST = auto()
    TOKEN_MISSING = auto()
    TOKEN_INVALID = auto()
    TOKEN_EXPIRED = auto()
    SESSION_ENDED = auto()
    WRONG_CREDENTIALS = auto()
    REFRESH_TOKEN_REUSED = auto()
    SERVICE_ONLY = auto()
    NOT_A_MEMBER = auto()
    NOT_THE_SENDER = auto()
    ROLE_TOO_LOW = auto()
    BLOCKED = auto()
    MEDIA_FORBIDDEN = auto()
    LINK_INVALID = auto()
    USER_NOT_FOUND = auto()
    CHAT_NOT_FOUND = auto()
    MESSAGE_NOT_FOUND = auto()
    MEDIA_NOT_FOUND = auto()
    UPLOAD_NOT_FOUND = auto()
    SESSION_NOT_FOUND = auto()
    DEAD_LETTER_NOT_FOUND = auto()
    EMAIL_TAKEN = auto()
    USERNAME_TAKEN = auto()
    NOT_WITH_ONESELF = auto()
    NOT_A_GROUP = auto()
    LAST_OWNER = auto()
    GROUP_FULL = auto()
    UPLOAD_INCOMPLETE = auto()
    MEDIA_NOT_READY = auto()
    TOO_MANY_REACTIONS = auto()
    FILE_TOO_LARGE = auto()
    FILE_TYPE_NOT_ALLOWED = auto()
    IMAGE_UNREADABLE = auto()
    WRONG_OFFSET = auto()
    CHECKSUM_MISMATCH = auto()
    FILE_EMPTY = auto()
    RATE_LIMITED = auto()
    SLOW_READER = auto()
    TOO_MANY_STREAMS = auto()
    LOG_UNAVAILABLE = auto()
    STORE_UNAVAILABLE = auto()
    SERVICE_UNAVAILABLE = auto()
    SHUTTING_DOWN = auto()
    DEADLINE_EXCEEDED = auto()
    NOT_OFFERED = auto()
    INTERNAL = auto()


@dataclass(frozen=True, slots=True)
class FieldViolation:
    """One field that breaks a rule: its path in the request, and what the rule is."""

    field: str
    description: str


@dataclass(slots=True)
class ChatlyError(Exception):
    """A failure with a meaning: becomes a status with google.rpc.ErrorInfo(reason, domain `chatly`, metadata).

    `violations` become google.rpc.BadRequest; `retry_after` (seconds) becomes google.rpc.RetryInfo.
    """

    code: Code
    reason: Reason
    message: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    violations: tuple[FieldViolation, ...] = ()
    retry_after: float | None = None

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"


def invalid_field(name: str, description: str) -> ChatlyError:
    """INVALID_ARGUMENT for one field, e.g. `invalid_field("text", "at most 4,000 characters, got 4,001")`."""
    return ChatlyError(
        Code.INVALID_ARGUMENT,
        Reason.INVALID_FIELD,
        f"{name}: {description}",
        violations=(FieldViolation(name, description),),
    )


def not_found(reason: Reason, message: str) -> ChatlyError:
    """NOT_FOUND with one of its reasons."""
    return ChatlyError(Code.NOT_FOUND, reason, message)


def denied(reason: Reason, message: str, **metadata: str) -> ChatlyError:
    """PERMISSION_DENIED with one of its reasons."""
    return ChatlyError(Code.PERMISSION_DENIED, reason, message, metadata)


def unauthenticated(reason: Reason, message: str) -> ChatlyError:
    """UNAUTHENTICATED with one of its reasons."""
    return ChatlyError(Code.UNAUTHENTICATED, reason, message)


def precondition(reason: Reason, message: str, **metadata: str) -> ChatlyError:
    """FAILED_PRECONDITION with one of its reasons."""
    return ChatlyError(Code.FAILED_PRECONDITION, reason, message, metadata)


def unavailable(reason: Reason, message: str, *, retry_after: float = 1.0, **metadata: str) -> ChatlyError:
    """UNAVAILABLE: the caller may try again after `retry_after` seconds, with the same ids."""
    return ChatlyError(Code.UNAVAILABLE, reason, message, metadata, retry_after=retry_after)
