"""Equal names and forbidden names."""

import unicodedata
from uuid import UUID

import protovalidate
import pytest
from chatly.auth.v1.auth_service_pb2 import RegisterRequest
from chatly.auth.v1.user_service_pb2 import UpdateMeRequest
from chatly.messaging.v1.messaging_service_pb2 import CreateGroupRequest, UpdateGroupRequest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import ChatlyError, KernelReason
from services.auth.names import check_new_username, check_username, fold, skeleton

texts = st.text(max_size=40)
GROUP = str(UUID(int=7))


def a_group(*, title: str = "Team", description: str = "") -> CreateGroupRequest:
    return CreateGroupRequest(client_group_id=GROUP, title=title, description=description)


@given(texts)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(texts)
def test_case_and_unicode_form_make_no_difference(text: str) -> None:
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
def test_names_that_read_the_same_are_equal(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize("name", ["Ivan", "Иван", "ålice", "alice2"])
def test_different_names_are_different(name: str) -> None:
    assert fold(name) != fold("alice")


def test_a_prefix_without_accents_finds_a_name() -> None:
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
def test_invisible_letters_and_symbols_are_rejected(letter: str, shape: str) -> None:
    assert not is_allowed(shape.format(letter))


def test_the_error_names_the_field_and_the_invisible_letter() -> None:
    with pytest.raises(ChatlyError, match=r"U\+034F") as rejected:
        check_username("al\u034fice")

    assert rejected.value.reason == KernelReason.INVALID_FIELD
    assert [item.field for item in rejected.value.violations] == ["username"]


@pytest.mark.parametrize("name", ["", "ab", "a" * 33, ".alice", "-alice", "_alice", "\u0301alice"])
def test_names_have_a_length_and_start_with_a_letter_or_digit(name: str) -> None:
    assert not is_allowed(name)


@pytest.mark.parametrize(
    "name", ["admin", "Admin", "ADMIN", "ad.min", "admin-", "аdmin", "аdmіn", "System", "ѕуѕtеm", "rооt"]
)
def test_reserved_names_and_names_that_look_like_them_are_rejected(name: str) -> None:
    with pytest.raises(ChatlyError, match="reserved"):
        check_new_username(name)


@pytest.mark.parametrize("name", ["alice", "admina", "Adam", "李小龙.Ω", "Иван", "Ιωάννης", "bot7", "system.of.a.down"])
def test_other_names_are_allowed(name: str) -> None:
    check_new_username(name)


@pytest.mark.parametrize(
    ("name", "other"),
    [("раураl", "paypal"), ("аlice", "alice"), ("PayPaI", "paypal"), ("b0b", "bOb"), ("rnark", "mark")],
)
def test_names_that_look_alike_have_one_skeleton(name: str, other: str) -> None:
    assert skeleton(name) == skeleton(other)
    assert skeleton(skeleton(name)) == skeleton(name)


def test_different_names_have_different_skeletons() -> None:
    assert len({skeleton(name) for name in ("alice", "alicia", "bob", "bоbby", "анна", "ann7", "ann8")}) == 7


@pytest.mark.parametrize("code", [0x0000, 0x202A, 0x202E, 0x2066, 0x2069])
def test_texts_that_others_read_reject_nul_and_changes_of_direction(code: int) -> None:
    text = f"a{chr(code)}b"
    requests: list[Message] = [UpdateMeRequest(bio=text), a_group(title=text), a_group(description=text)]
    requests += [UpdateGroupRequest(chat_id=GROUP, title=text), UpdateGroupRequest(chat_id=GROUP, description=text)]

    for request in requests:
        with pytest.raises(protovalidate.ValidationError):
            protovalidate.validate(request)


@pytest.mark.parametrize("text", ["שלום, עולם", "مرحبا\u200f!", "two\nlines\tand 👩‍👩‍👧"])
def test_texts_of_all_scripts_and_lines_are_allowed(text: str) -> None:
    for request in (UpdateMeRequest(bio=text), a_group(title=text), a_group(description=text)):
        protovalidate.validate(request)
