"""Status codes of calls while a server or one of its dependencies is unreachable."""

from grpc import StatusCode

UNREACHABLE = frozenset(
    {
        StatusCode.UNAVAILABLE,
        StatusCode.UNKNOWN,
        StatusCode.INTERNAL,
        StatusCode.DEADLINE_EXCEEDED,
        StatusCode.CANCELLED,
    }
)
"""Codes that a client gets from a killed server, and from an edge without a server."""
LATER = UNREACHABLE | {StatusCode.RESOURCE_EXHAUSTED, StatusCode.ABORTED}
"""Codes that a running server returns as well."""
