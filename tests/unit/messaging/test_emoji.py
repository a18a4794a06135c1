import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.messaging.text import is_emoji

ONE = (
    "👍 ❤️ ❤ 👍🏽 🇩🇪 🏴󠁧󠁢󠁥󠁮󠁧󠁿 👩‍👩‍👧‍👦 🏳️‍🌈 🧑🏻‍❤️‍💋‍🧑🏿 1️⃣ #️⃣ ©️ 🫠 ☺️ ⌛ 🕵🏻‍♂️ 〰️ ㊙️ 🀄".split()  # noqa: SIM905
)
NOT_ONE = [
    *("", " ", "a", "ä", "7", "42", "#", "*\ufe0f", "文", "\0", "\u202e", "\u200d", "\ufe0f"),
    *("👍👍", "👍a", "a👍", "👍 ", "🇩", "🇩🇪🇫", "👍\u200d", "🏽👍"),
]


@pytest.mark.parametrize("text", ONE)
def test_one_emoji_is_one(text: str) -> None:
    assert is_emoji(text)


@pytest.mark.parametrize("text", NOT_ONE)
def test_anything_else_is_not(text: str) -> None:
    assert not is_emoji(text)


@given(
    st.text(alphabet=st.characters(categories=["L", "N", "P", "Z", "Cc"], exclude_characters="\u2139\u203c\u2049〰〽Ⓜ"))
)
def test_words_numbers_spaces_and_controls_are_never_emoji(text: str) -> None:
    assert not is_emoji(text)


@given(st.sampled_from(ONE), st.sampled_from([*ONE, *string.printable]))
def test_one_emoji_with_anything_after_it_is_not_one(emoji: str, more: str) -> None:
    # A skin tone or a joined sequence would make another emoji of two; these lists hold no such pair.
    assert not is_emoji(emoji + more)
