"""Reads what surrounds a call: request id, the client's address, cookies. Decides nothing."""

import random
import re
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from kernel.grpc.context import Request

REQUEST_ID_KEY = "x-request-id"

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


def read_request(
    method: str, headers: Mapping[str, str], cookie_headers: Iterable[str], peer_address: str, *, trust_edge: bool
) -> Request:
    """`peer_address`: of the connection; with `trust_edge` the headers that Envoy sets count more."""
    secure = False
    if trust_edge:
        peer_address = _edge_address(headers) or peer_address
        secure = headers.get("x-forwarded-proto") == "https"
    return Request(
        request_id=_request_id(headers.get(REQUEST_ID_KEY)),
        method=method,
        peer_address=peer_address,
        user_agent=headers.get("user-agent", ""),
        secure=secure,
        cookies=read_cookies(cookie_headers),
    )


def bearer(headers: Mapping[str, str], cookies: Mapping[str, str]) -> str | None:
    """The token that came along: `authorization: Bearer …`, or else the cookie `chatly_access`."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    return cookies.get("chatly_access") or None


def read_cookies(cookie_headers: Iterable[str]) -> dict[str, str]:
    """Cookies by name. HTTP/2 may spread them over several headers."""
    cookies: dict[str, str] = {}
    for header in cookie_headers:
        for part in header.split(";"):
            name, found, value = part.strip().partition("=")
            if found:
                cookies[name] = value.strip('"')
    return cookies


def host_of(peer: str) -> str:
    """The address in a gRPC peer name (`ipv4:127.0.0.1:1234`, `ipv6:%5B::1%5D:1234`), without its port."""
    kind, _, rest = peer.partition(":")
    if kind not in {"ipv4", "ipv6"}:
        return peer
    return unquote(rest.rpartition(":")[0]).strip("[]")


def _edge_address(headers: Mapping[str, str]) -> str:
    # Envoy sets the first itself; of the second only the last entry is not the client's own word.
    return headers.get("x-envoy-external-address") or headers.get("x-forwarded-for", "").rpartition(",")[2].strip()


def _request_id(given: str | None) -> str:
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given
    # A name, not a secret: the system's random numbers cost each call a system call.
    return f"{random.getrandbits(128):032x}"
