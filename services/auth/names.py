"""Comparison of usernames and e-mail addresses, and a check for forbidden characters in usernames."""

import unicodedata

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
