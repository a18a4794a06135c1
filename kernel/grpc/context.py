"""Who is calling, and which request this is: set by the interceptors, read by handlers."""

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime

from kernel.errors import KernelReason, denied, unauthenticated
from kernel.ids import SessionId, UserId


@dataclass(frozen=True, slots=True)
class UserCaller:
    """A user, by a verified access token. `token` is the token itself, to be handed on to other services."""

    user_id: UserId
    session_id: SessionId
    expires_at: datetime
    token: str


@dataclass(frozen=True, slots=True)
class ServiceCaller:
    """Another service or an operator, by a service token; `name` as in `messaging`."""

    name: str


@dataclass(frozen=True, slots=True)
class Request:
    """What is known of the call beside its message."""

    request_id: str
    method: str
    peer_address: str
    """The client's address as the edge saw it, or the peer's own. Without a port."""
    user_agent: str
    secure: bool
    """Whether the client spoke TLS to the edge."""
    cookies: dict[str, str]


Caller = UserCaller | ServiceCaller | None

caller_var: ContextVar[Caller] = ContextVar("caller", default=None)
request_var: ContextVar[Request] = ContextVar("request")


def current_user() -> UserCaller:
    """The calling user; raises UNAUTHENTICATED or `SERVICE_ONLY`'s opposite where there is none."""
    match caller_var.get():
        case UserCaller() as user:
            return user
        case ServiceCaller():
            raise denied(KernelReason.TOKEN_INVALID, "this call takes a user's token, not a service's")
        case _:
            raise unauthenticated(KernelReason.TOKEN_MISSING, "this call needs an access token")


def current_request() -> Request:
    """The request being served."""
    return request_var.get()


def current_request_id() -> str:
    """Return the id of the call in progress; empty outside of a call."""
    request = request_var.get(None)
    return request.request_id if request else ""
