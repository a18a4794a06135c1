"""Page tokens: decoded only by the call that created them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import ChatlyError, Code, KernelReason
from kernel.paging import PageTokens


@given(kind=st.text(), scope=st.text(), position=st.binary(max_size=200))
def test_a_position_is_decoded_unchanged(kind: str, scope: str, position: bytes) -> None:
    assert PageTokens.decode(kind, scope, PageTokens.encode(kind, scope, position)) == position


def test_a_position_may_be_text() -> None:
    assert PageTokens.decode("users", "", PageTokens.encode("users", "", "Änne")).decode() == "Änne"


@pytest.mark.parametrize(("kind", "scope"), [("users", "chat=2"), ("chats", "chat=1"), ("userschat=", "1")])
def test_a_token_of_another_call_is_refused(kind: str, scope: str) -> None:
    token = PageTokens.encode("users", "chat=1", b"7")

    with pytest.raises(ChatlyError) as raised:
        PageTokens.decode(kind, scope, token)

    assert (raised.value.code, raised.value.reason) == (Code.INVALID_ARGUMENT, KernelReason.INVALID_PAGE_TOKEN)


@given(st.text(max_size=100))
def test_any_other_text_is_refused(token: str) -> None:
    with pytest.raises(ChatlyError, match="INVALID_PAGE_TOKEN"):
        PageTokens.decode("users", "", token)


def test_a_token_of_ten_thousand_characters_is_refused() -> None:
    with pytest.raises(ChatlyError, match="INVALID_PAGE_TOKEN"):
        PageTokens.decode("users", "", "A" * 10_000)
