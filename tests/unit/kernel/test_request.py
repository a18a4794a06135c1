"""Request id, client address, cookies and token of a call."""

import pytest

from kernel.grpc.context import Request, bearer, host_of, read_cookies, read_request


def a_request(cookies: list[str], *, scheme: str = "http") -> Request:
    return read_request("m", {"x-forwarded-proto": scheme}, cookies, "127.0.0.1", trust_edge=True)


@pytest.mark.parametrize(
    ("peer", "host"),
    [
        ("ipv4:127.0.0.1:1234", "127.0.0.1"),
        ("ipv6:%5B::1%5D:1234", "::1"),
        ("ipv6:[2001:db8::7]:443", "2001:db8::7"),
        ("unix:/run/chatly.sock", "unix:/run/chatly.sock"),
    ],
)
def test_the_host_of_a_peer_is_without_its_port(peer: str, host: str) -> None:
    assert host_of(peer) == host


def test_cookies_may_be_split_into_several_headers() -> None:
    assert read_cookies(["a=1; b=2", 'c="3"', "nonsense", ""]) == {"a": "1", "b": "2", "c": "3"}


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({"authorization": "Bearer abc"}, "abc"),
        ({"authorization": "bearer abc"}, "abc"),
        ({"authorization": "Basic abc"}, "from-cookie"),
        ({"authorization": "Bearer "}, "from-cookie"),
        ({}, "from-cookie"),
    ],
)
def test_the_header_takes_precedence_over_the_cookie(headers: dict[str, str], token: str) -> None:
    assert bearer(headers, a_request(["chatly_access=from-cookie"])) == token


def test_no_token_is_none() -> None:
    assert bearer({}, a_request([])) is None


@pytest.mark.parametrize(("scheme", "name"), [("http", "chatly_access"), ("https", "__Host-chatly_access")])
def test_over_tls_only_the_cookie_of_this_host_counts(scheme: str, name: str) -> None:
    cookies = ["chatly_access=chatly_access; __Host-chatly_access=__Host-chatly_access"]

    assert bearer({}, a_request(cookies, scheme=scheme)) == name


@pytest.mark.parametrize(
    ("headers", "address"),
    [
        ({"x-envoy-external-address": "192.0.2.1", "x-forwarded-for": "6.6.6.6"}, "192.0.2.1"),
        ({"x-forwarded-for": "6.6.6.6, 192.0.2.1"}, "192.0.2.1"),
        ({}, "127.0.0.1"),
    ],
)
def test_the_address_is_what_the_edge_saw(headers: dict[str, str], address: str) -> None:
    assert read_request("m", headers, [], "127.0.0.1", trust_edge=True).peer_address == address


def test_headers_of_a_client_are_ignored_without_a_trusted_edge() -> None:
    request = read_request("m", {"x-forwarded-for": "6.6.6.6"}, [], "127.0.0.1", trust_edge=False)

    assert request.peer_address == "127.0.0.1"
