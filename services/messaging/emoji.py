"""What a reaction may be: one emoji, by the shapes of Unicode TR 51. Which of them exist is the clients' business."""

import re

from kernel.errors import invalid_field

_TONE = "[\U0001f3fb-\U0001f3ff]"
_BASE = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf\u2934\u2935"
    "\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f004-\U0001f1e5\U0001f201-\U0001faff]"
)
_ELEMENT = f"{_BASE}{_TONE}?\ufe0f?"
_SHAPES = (
    f"{_ELEMENT}(?:\u200d{_ELEMENT})*",  # one, or several joined to one
    "[0-9#*]\ufe0f?\u20e3",  # keycap
    "[\U0001f1e6-\U0001f1ff]{2}",  # flag of a country
    "\U0001f3f4[\U000e0030-\U000e007a]+\U000e007f",  # flag of a region
)
_EMOJI = re.compile("|".join(_SHAPES))


def is_emoji(text: str) -> bool:
    """Whether the text is one emoji and nothing else."""
    return _EMOJI.fullmatch(text) is not None


def require_emoji(field: str, text: str) -> None:
    """Raise INVALID_FIELD unless it is one emoji."""
    if not is_emoji(text):
        raise invalid_field(field, "must be one emoji")
