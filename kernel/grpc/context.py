"""The call in progress: its request id, caller and client address. The interceptors set it, handlers read it."""

import random
import re
from collections.abc import Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from urllib.parse import unquote

from kernel.errors import KernelReason, denied, unauthenticated
from kernel.grpc.responses import ResponseStream
from kernel.ids import SessionId, UserId

REQUEST_ID_KEY = "x-request-id"
USER_KEY = "x-chatly-user"
"""The header in which a client names the user that the call is for. Another login may have replaced its cookies."""
ACCESS_COOKIE = "chatly_access"
"""The name of the cookie with the access token, for `cookie_name`."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


@dataclass(frozen=True, slots=True)
class UserCaller:
    """A user with a verified access token. `token` is passed on in calls to other services."""

    user_id: UserId
    session_id: SessionId
    expires_at: datetime
    token: str


@dataclass(frozen=True, slots=True)
class ServiceCaller:
    """Another service, or an operator, with a service token. `name` is for example `messaging`."""

    name: str


@dataclass(frozen=True, slots=True)
class Request:
    """The facts about a call, without its message."""

    request_id: str
    method: str
    peer_address: str
    """The client's address as the edge reported it, or else the peer's address. It has no port."""
    user_agent: str
    secure: bool
    """Whether the client spoke TLS to the edge."""
    cookies: dict[str, str]
    origin: str
    """The origin of the page that sent the call, which the edge has checked, or empty for programs."""
    for_user: str = ""
    """The user that the client means, by the header `x-chatly-user`, or empty."""

    def cookie(self, name: str) -> str | None:
        """Return the value of a cookie of `cookie_name`, or None."""
        return self.cookies.get(cookie_name(name, secure=self.secure)) or None


Caller = UserCaller | ServiceCaller | None

caller_var: ContextVar[Caller] = ContextVar("caller", default=None)
request_var: ContextVar[Request] = ContextVar("request")
responses_var: ContextVar[ResponseStream] = ContextVar("responses")


def current_user() -> UserCaller:
    """Return the calling user.

    Raise UNAUTHENTICATED `TOKEN_MISSING` if nobody is logged in, PERMISSION_DENIED `TOKEN_INVALID` for a service.
    """
    match caller_var.get():
        case UserCaller() as user:
            return user
        case ServiceCaller():
            raise denied(KernelReason.TOKEN_INVALID, "this call takes a user's token, not a service's")
        case _:
            raise unauthenticated(KernelReason.TOKEN_MISSING, "this call needs an access token")


def current_request() -> Request:
    """Return the request being served."""
    return request_var.get()


def current_responses() -> ResponseStream:
    """Return the responses of the call in progress, which streams them."""
    return responses_var.get()


def current_request_id() -> str:
    """Return the request id of the call in progress, or an empty text outside of a call."""
    request = request_var.get(None)
    return request.request_id if request else ""


def read_request(
    method: str, headers: Mapping[str, str], cookie_headers: Iterable[str], peer_address: str, *, trust_edge: bool
) -> Request:
    """Build the Request from headers.

    `peer_address` is the address of the connection. With `trust_edge`, the headers that Envoy sets replace it.
    """
    secure = False
    if trust_edge:
        # Envoy sets the first header itself. In the second header, a client can forge every entry but the last.
        edge = headers.get("x-envoy-external-address") or headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
        peer_address = edge or peer_address
        secure = headers.get("x-forwarded-proto") == "https"
    request_id = headers.get(REQUEST_ID_KEY)
    if request_id is None or not _REQUEST_ID.fullmatch(request_id):
        # The id is no secret, so it needs no random numbers of the system, which cost a system call.
        request_id = f"{random.getrandbits(128):032x}"
    return Request(
        request_id=request_id,
        method=method,
        peer_address=peer_address,
        user_agent=headers.get("user-agent", ""),
        secure=secure,
        cookies=read_cookies(cookie_headers) if cookie_headers else {},
        origin=headers.get("origin", ""),
        for_user=headers.get(USER_KEY, ""),
    )


def bearer(headers: Mapping[str, str], request: Request) -> str | None:
    """Return the token from `authorization: Bearer …`, or else from the cookie `chatly_access`."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    return request.cookie(ACCESS_COOKIE)


def cookie_name(name: str, *, secure: bool) -> str:
    """Return the full name of a cookie. With TLS, its prefix makes browsers refuse it from other hosts."""
    return f"__Host-{name}" if secure else name


def read_cookies(cookie_headers: Iterable[str]) -> dict[str, str]:
    """Return cookies by name. HTTP/2 may split them into several headers."""
    cookies: dict[str, str] = {}
    for header in cookie_headers:
        for part in header.split(";"):
            name, found, value = part.strip().partition("=")
            if found:
                cookies[name] = value.strip('"')
    return cookies


@lru_cache(maxsize=4_096)
def host_of(peer: str) -> str:
    """Return the address in a gRPC peer name (`ipv4:127.0.0.1:1234`, `ipv6:%5B::1%5D:1234`), without its port."""
    kind, _, rest = peer.partition(":")
    if kind not in {"ipv4", "ipv6"}:
        return peer
    return unquote(rest.rpartition(":")[0]).strip("[]")
