"""Equality of usernames and e-mail addresses, and forbidden usernames."""

import unicodedata

from kernel.errors import invalid_field

# Letters and marks that renderers do not display (Unicode's Default_Ignorable_Code_Point): with them two names could
# look alike. The proto's pattern accepts them by their category; it rejects spaces, controls and format characters.
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

    Compatibility caseless matching (Unicode 3.13, D146), decomposed (NFKD): it makes the same names equal as NFKC, and
    a search for `zoe` finds `zoé`.
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", text).casefold())
    return unicodedata.normalize("NFKD", folded.casefold())


def check_username(username: str) -> None:
    """Raise INVALID_FIELD for invisible characters, which the proto's pattern accepts."""
    for letter in username:
        if any(first <= ord(letter) <= last for first, last in _INVISIBLE):
            raise invalid_field("username", f"must not contain the invisible character U+{ord(letter):04X}")
