"""When two usernames or e-mail addresses are the same, and which names nobody may have."""

import unicodedata

from kernel.errors import invalid_field

# Letters and marks that Unicode tells renderers to show as nothing (Default_Ignorable_Code_Point). The proto's pattern
# lets them in because of their category; with them two names could look alike. Spaces, controls and other format
# characters never pass the pattern.
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
    """The form by which names and addresses are compared, ordered and searched.

    Compatibility caseless matching (Unicode 3.13, D146). It is decomposed (NFKD), which makes the same names equal as
    NFKC does, and lets those who search for `zoe` find `zoé`.
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", text).casefold())
    return unicodedata.normalize("NFKD", folded.casefold())


def check_username(username: str) -> None:
    """Refuse, as INVALID_FIELD, what the proto's pattern cannot say."""
    for letter in username:
        if any(first <= ord(letter) <= last for first, last in _INVISIBLE):
            raise invalid_field("username", f"must not hold the invisible character U+{ord(letter):04X}")
