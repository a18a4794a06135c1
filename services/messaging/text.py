"""What people may write. Emoji and right-to-left text are left as they are; nothing is stripped."""

import unicodedata

from kernel.errors import invalid_field

_INVISIBLE = {"Cc", "Cf", "Zl", "Zp", "Zs"}


def require_storable(field: str, text: str) -> None:
    """Raise INVALID_FIELD for text that not every store and client can hold."""
    if "\0" in text:
        raise invalid_field(field, "must not contain the character U+0000")


def require_visible(field: str, text: str) -> None:
    """As `require_storable`, and there must be something to see: spaces and control characters alone are nothing."""
    require_storable(field, text)
    if all(unicodedata.category(character) in _INVISIBLE for character in text):
        raise invalid_field(field, "must not be empty or blank")
