"""Which names are the same, and which nobody may have."""

import unicodedata

import protovalidate
import pytest
from chatly.auth.v1.auth_service_pb2 import RegisterRequest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import ChatlyError, KernelReason
from services.auth.names import check_username, fold

texts = st.text(max_size=40)


@given(texts)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(texts)
def test_case_and_unicode_form_do_not_tell_two_names_apart(text: str) -> None:
    forms = {unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC", "NFKD")}

    assert {fold(form) for form in forms} == {fold(text)}
    assert fold(text.casefold()) == fold(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Alice", "aLICE"),
        ("straße", "STRASSE"),
        ("Zoé", "Zoe\u0301"),
        ("ﬁona", "Fiona"),
        ("Ａｌｉｃｅ", "alice"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
    ],
)
def test_names_that_people_take_for_the_same_are_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize("name", ["Ivan", "Иван", "ålice", "alice2"])
def test_other_names_are_other_names(name: str) -> None:
    assert fold(name) != fold("alice")


def test_the_beginning_of_a_name_finds_it_also_without_its_accents() -> None:
    assert fold("Zoé").startswith(fold("zoe"))


def is_allowed(username: str) -> bool:
    request = RegisterRequest(username=username, email="a@example.org", password="long enough")
    if protovalidate.collect_violations(request):
        return False
    try:
        check_username(username)
    except ChatlyError:
        return False
    return True


@pytest.mark.parametrize("name", ["bob", "Zoe\u0301", "李小龙", "محمد", "o.hara-2_b", "हिन्दी", "7up"])
def test_names_of_any_script_are_allowed(name: str) -> None:
    assert is_allowed(name)


@pytest.mark.parametrize(
    "letter",
    [
        " ",
        "\n",
        "\0",
        "\u00a0",
        "\u00ad",  # soft hyphen
        "\u034f",  # combining grapheme joiner
        "\u115f",  # Hangul filler
        "\u200b",  # zero-width space
        "\u200d",  # zero-width joiner
        "\u202e",  # right-to-left override
        "\u2066",  # left-to-right isolate
        "\u2800",  # Braille blank
        "\u3164",  # Hangul filler
        "\ufe0f",  # variation selector
        "\ufeff",
        "\uffa0",
        "\U000e0041",  # tag
        "\U000e0100",  # variation selector
        "@",
        "/",
        "😀",
    ],
)
@pytest.mark.parametrize("shape", ["{}alice", "al{}ice", "alice{}"])
def test_no_name_holds_what_cannot_be_seen_or_typed(letter: str, shape: str) -> None:
    assert not is_allowed(shape.format(letter))


def test_an_invisible_letter_is_told_by_its_field_and_number() -> None:
    with pytest.raises(ChatlyError, match=r"U\+034F") as refused:
        check_username("al\u034fice")

    assert refused.value.reason == KernelReason.INVALID_FIELD
    assert [item.field for item in refused.value.violations] == ["username"]


@pytest.mark.parametrize("name", ["", "ab", "a" * 33, ".alice", "-alice", "_alice", "\u0301alice"])
def test_names_have_a_length_and_begin_with_a_letter_or_digit(name: str) -> None:
    assert not is_allowed(name)
