"""Which names blobs may have."""

import re

_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_/-]{0,199}")


def checked(name: str) -> str:
    """The name itself; raise ValueError for what is none."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a blob: letters, digits, `-`, `_` and `/`, at most 200")
    return name
