"""Rules for text that users write: messages, reactions and search words. Text is accepted or refused, never changed."""

import re
import unicodedata
from collections.abc import Sequence

from history.model import Message
from kernel.errors import invalid_field

_INVISIBLE = {"Cc", "Cf", "Zl", "Zp", "Zs"}

# The shapes of emoji in Unicode TR 51. Clients decide whether an emoji of such a shape exists.
_TONE = "[\U0001f3fb-\U0001f3ff]"
_BASE = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf\u2934\u2935"
    "\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f004-\U0001f1e5\U0001f201-\U0001faff]"
)
_ELEMENT = f"{_BASE}{_TONE}?\ufe0f?"
_SHAPES = (
    f"{_ELEMENT}(?:\u200d{_ELEMENT})*",  # one emoji, or several joined into one
    "[0-9#*]\ufe0f?\u20e3",  # keycap
    "[\U0001f1e6-\U0001f1ff]{2}",  # flag of a country
    "\U0001f3f4[\U000e0030-\U000e007a]+\U000e007f",  # flag of a region
)
_EMOJI = re.compile("|".join(_SHAPES))


def require_storable(field: str, text: str) -> None:
    """Raise INVALID_FIELD for text that some stores and clients cannot hold."""
    if "\0" in text:
        raise invalid_field(field, "must not contain the character U+0000")


def require_visible(field: str, text: str) -> None:
    """Raise INVALID_FIELD as `require_storable` does, and for text without any visible character."""
    require_storable(field, text)
    for character in text:
        if unicodedata.category(character) not in _INVISIBLE:
            return
    raise invalid_field(field, "must not be empty or blank")


def is_emoji(text: str) -> bool:
    """Return whether the text is exactly one emoji."""
    return _EMOJI.fullmatch(text) is not None


def require_emoji(field: str, text: str) -> None:
    """Raise INVALID_FIELD unless the text is exactly one emoji."""
    if not is_emoji(text):
        raise invalid_field(field, "must be one emoji")


def search_words(query: str) -> Sequence[str]:
    """Return the distinct words of a query, folded."""
    return list(dict.fromkeys(fold(query).split()))


def contains_all(message: Message, words: Sequence[str]) -> bool:
    """Return whether the message's text or file names contain every one of the folded words."""
    names = (media.file_name for media in message.attachments)
    text = fold("\n".join([message.text, *names]))
    return all(word in text for word in words)


def fold(text: str) -> str:
    """Remove differences of case, accents and letter forms: `Café`, `CAFE` and `cafe` become the same text."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
