"""Comparison of usernames and e-mail addresses, and checks for forbidden characters and reserved usernames."""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from kernel.errors import invalid_field

# Letters and marks that renderers do not display (Unicode's Default_Ignorable_Code_Point). Two names that differ only
# in such characters would look alike. The proto's pattern accepts them: it rejects only other categories, such as
# spaces, controls and format characters.
_INVISIBLE = (
    (0x034F, 0x034F),
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),
    (0xFFA0, 0xFFA0),
    (0xE0100, 0xE01EF),
)

# Names that readers would take for the operator, the program, or everybody.
_RESERVED = frozenset(
    [
        "abuse",
        "admin",
        "administrator",
        "all",
        "anonymous",
        "api",
        "bot",
        "chatly",
        "deleted",
        "everyone",
        "help",
        "here",
        "hostmaster",
        "info",
        "mod",
        "moderator",
        "moderators",
        "noreply",
        "null",
        "official",
        "operator",
        "owner",
        "postmaster",
        "root",
        "security",
        "service",
        "staff",
        "support",
        "sysadmin",
        "system",
        "team",
        "undefined",
        "webmaster",
        "www",
    ]
)
_SEPARATORS = re.compile("[._-]")
_CONFUSABLES = Path(__file__).with_name("confusables.txt")


def fold(text: str) -> str:
    """Return the form by which names and addresses are compared, sorted and searched.

    This is compatibility caseless matching (Unicode 3.13, D146) with a decomposed result (NFKD). A composed result
    (NFKC) would make the same names equal, but with NFKD a search for `zoe` also finds `zoé`.
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", text).casefold())
    return unicodedata.normalize("NFKD", folded.casefold())


def check_username(username: str) -> None:
    """Raise INVALID_FIELD if the name has an invisible character. The proto's pattern accepts such characters."""
    for letter in username:
        if any(first <= ord(letter) <= last for first, last in _INVISIBLE):
            raise invalid_field("username", f"must not contain the invisible character U+{ord(letter):04X}")


def check_new_username(username: str) -> None:
    """Raise INVALID_FIELD if the name has an invisible character, is reserved, or looks like a reserved name."""
    check_username(username)
    letters = _SEPARATORS.sub("", username)
    if not _reserved_skeletons().isdisjoint((skeleton(letters), skeleton(fold(letters)))):
        raise invalid_field("username", "is reserved, or looks like a reserved name")


def skeleton(text: str) -> str:
    """Return the form that texts which look alike have in common: the skeleton of UTS #39, regardless of case."""
    return fold(_prototypes(fold(_prototypes(text))))


def _prototypes(text: str) -> str:
    prototypes = _confusables()
    return "".join(prototypes.get(letter, letter) for letter in unicodedata.normalize("NFD", text))


@cache
def _confusables() -> Mapping[str, str]:
    lines = [line for line in _CONFUSABLES.read_text("utf-8").splitlines() if not line.startswith("#")]
    pairs = (line.split(";") for line in lines)
    return {chr(int(letter, 16)): "".join(chr(int(code, 16)) for code in codes.split()) for letter, codes in pairs}


@cache
def _reserved_skeletons() -> frozenset[str]:
    return frozenset(map(skeleton, _RESERVED))
