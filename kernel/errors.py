"""Errors that reach callers. `kernel.grpc.status` turns them into a gRPC status."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum, auto


class Code(Enum):
    """Canonical status of a failed call, named as in google.rpc.Code."""

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


class Reason(StrEnum):
    """A stable reason of a failed call. Each package declares its own reasons in a subclass.

    chatly.error.v1.ErrorReason lists and explains the reasons of all packages, with a prefix.
    """

    @staticmethod
    def _generate_next_value_(name: str, start: int, count: int, last_values: list[str]) -> str:  # noqa: ARG004
        return name


class KernelReason(Reason):
    """Reasons of the kernel, which any service may use."""

    INVALID_FIELD = auto()
    INVALID_PAGE_TOKEN = auto()
    MALFORMED_REQUEST = auto()
    TOKEN_MISSING = auto()
    TOKEN_INVALID = auto()
    TOKEN_EXPIRED = auto()
    SESSION_ENDED = auto()
    TOKEN_OF_OTHER_USER = auto()
    SERVICE_ONLY = auto()
    CROSS_SITE_REQUEST = auto()
    RATE_LIMITED = auto()
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
    """One field that breaks a rule: its path in the request, and the rule."""

    field: str
    description: str


@dataclass(slots=True)
class ChatlyError(Exception):
    """A failure that reaches the caller as a status with google.rpc.ErrorInfo(reason, domain `chatly`, metadata).

    `violations` become google.rpc.BadRequest; `retry_after` (seconds) becomes google.rpc.RetryInfo.
    """

    code: Code
    reason: str
    """A Reason, or the text that another service sent as its reason. So compare it with `==`, not with `is`."""
    message: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    violations: tuple[FieldViolation, ...] = ()
    retry_after: float | None = None

    def __str__(self) -> str:
        return f"{self.reason}: {self.message}"


def invalid_field(name: str, description: str) -> ChatlyError:
    """Build INVALID_ARGUMENT for one field, e.g. `invalid_field("text", "at most 4,000 characters, got 4,001")`."""
    return ChatlyError(
        Code.INVALID_ARGUMENT,
        KernelReason.INVALID_FIELD,
        f"{name}: {description}",
        violations=(FieldViolation(name, description),),
    )


def not_found(reason: Reason, message: str) -> ChatlyError:
    return ChatlyError(Code.NOT_FOUND, reason, message)


def denied(reason: Reason, message: str, **metadata: str) -> ChatlyError:
    """Build a PERMISSION_DENIED error."""
    return ChatlyError(Code.PERMISSION_DENIED, reason, message, metadata)


def unauthenticated(reason: Reason, message: str) -> ChatlyError:
    return ChatlyError(Code.UNAUTHENTICATED, reason, message)


def precondition(reason: Reason, message: str, **metadata: str) -> ChatlyError:
    """Build a FAILED_PRECONDITION error."""
    return ChatlyError(Code.FAILED_PRECONDITION, reason, message, metadata)


def unavailable(reason: Reason, message: str, *, retry_after: float = 1.0, **metadata: str) -> ChatlyError:
    """Build an UNAVAILABLE error: the caller may retry after `retry_after` seconds, with the same ids."""
    return ChatlyError(Code.UNAVAILABLE, reason, message, metadata, retry_after=retry_after)
