"""Format and derivation of refresh tokens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import ChatlyError, KernelReason
from kernel.ids import SessionId
from services.auth.refresh_tokens import first_token, parse_token

SESSION = SessionId("6f1c7f0e-54a5-4d8f-9d6c-0a1b2c3d4e5f")


def test_a_token_is_parsed_from_its_text() -> None:
    token = first_token(SESSION)

    assert parse_token(token.text()) == token


def test_tokens_differ_and_neither_hash_nor_repr_shows_the_secret() -> None:
    one, other = first_token(SESSION), first_token(SESSION)

    assert one.token_hash != other.token_hash
    assert one.secret.hex() not in repr(one)
    assert one.token_hash != one.secret


def test_the_successor_depends_on_token_and_salt() -> None:
    token = first_token(SESSION)

    assert token.successor(b"salt") == token.successor(b"salt")
    assert token.successor(b"salt") != token.successor(b"other")
    assert token.successor(b"salt") != first_token(SESSION).successor(b"salt")
    assert parse_token(token.successor(b"salt").text()).session_id == SESSION


@given(st.text(max_size=200))
def test_other_texts_are_rejected(text: str) -> None:
    with pytest.raises(ChatlyError) as caught:
        parse_token(text)

    assert caught.value.reason == KernelReason.TOKEN_INVALID


@pytest.mark.parametrize(
    "text", [SESSION, f"{SESSION}.", f"{SESSION}.{'A' * 42}", f"{SESSION}.{'A' * 44}", f"x{SESSION}.{'A' * 43}"]
)
def test_malformed_tokens_are_rejected(text: str) -> None:
    with pytest.raises(ChatlyError):
        parse_token(text)
