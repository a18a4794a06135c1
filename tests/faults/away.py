"""What a call may end with while a server, or what it needs, is away."""

from grpc import StatusCode

AWAY = frozenset(
    {
        StatusCode.UNAVAILABLE,
        StatusCode.UNKNOWN,
        StatusCode.INTERNAL,
        StatusCode.DEADLINE_EXCEEDED,
        StatusCode.CANCELLED,
    }
)
"""As a client sees a server that is killed, and an edge whose server is gone."""
LATER = AWAY | {StatusCode.RESOURCE_EXHAUSTED, StatusCode.ABORTED}
"""And what a server says that is there."""
