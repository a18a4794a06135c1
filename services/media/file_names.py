"""Cleans file names, so that they are safe to display and to save."""

import re
import unicodedata

MAX_LENGTH = 255
_FALLBACK = "file"
# Direction marks can make `gpj.exe` look like `exe.jpg`.
_DIRECTION_MARKS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_HIDDEN_CATEGORIES = {"Cc", "Cs", "Zl", "Zp"}


def clean_file_name(given: str) -> str:
    """Return the last part of a path, without control and direction characters. It has 1 to 255 characters."""
    name = re.split(r"[/\\]", given)[-1]
    name = _DIRECTION_MARKS.sub("", name)
    name = "".join(character for character in name if unicodedata.category(character) not in _HIDDEN_CATEGORIES)
    name = _shorten(name.strip()).strip()
    return name if name.strip(".") else _FALLBACK


def _shorten(name: str) -> str:
    if len(name) <= MAX_LENGTH:
        return name
    stem, dot, ending = name.rpartition(".")
    keep = MAX_LENGTH - len(ending) - 1
    # Keep the extension unless it is unusually long.
    return f"{stem[:keep]}{dot}{ending}" if dot and len(ending) <= 16 else name[:MAX_LENGTH]  # noqa: PLR2004
