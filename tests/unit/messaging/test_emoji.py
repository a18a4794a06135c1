import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.messaging.text import is_emoji

ONE_EMOJI = (
    "👍 ❤️ ❤ 👍🏽 🇩🇪 🏴󠁧󠁢󠁥󠁮󠁧󠁿 👩‍👩‍👧‍👦 🏳️‍🌈 🧑🏻‍❤️‍💋‍🧑🏿 1️⃣ #️⃣ ©️ 🫠 ☺️ ⌛ 🕵🏻‍♂️ 〰️ ㊙️ 🀄".split()  # noqa: SIM905
)
OTHER_TEXT = [
    *("", " ", "a", "ä", "7", "42", "#", "*\ufe0f", "文", "\0", "\u202e", "\u200d", "\ufe0f"),
    *("👍👍", "👍a", "a👍", "👍 ", "🇩", "🇩🇪🇫", "👍\u200d", "🏽👍"),
]


@pytest.mark.parametrize("text", ONE_EMOJI)
def test_one_emoji_is_accepted(text: str) -> None:
    assert is_emoji(text)


@pytest.mark.parametrize("text", OTHER_TEXT)
def test_other_text_is_not_one_emoji(text: str) -> None:
    assert not is_emoji(text)


@given(
    st.text(alphabet=st.characters(categories=["L", "N", "P", "Z", "Cc"], exclude_characters="\u2139\u203c\u2049〰〽Ⓜ"))
)
def test_letters_numbers_spaces_and_control_characters_are_not_emoji(text: str) -> None:
    assert not is_emoji(text)


@given(st.sampled_from(ONE_EMOJI), st.sampled_from([*ONE_EMOJI, *string.printable]))
def test_an_emoji_followed_by_other_text_is_not_one_emoji(emoji: str, more: str) -> None:
    # No pair of these lists forms another emoji, as an emoji with a skin tone would.
    assert not is_emoji(emoji + more)
