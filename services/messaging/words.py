"""What counts as the same word when people search. Pure."""

import unicodedata
from collections.abc import Sequence

from history.model import Message


def words_of(query: str) -> Sequence[str]:
    """The words of a query, each once, as `fold` writes them."""
    return list(dict.fromkeys(fold(query).split()))


def contains_all(message: Message, words: Sequence[str]) -> bool:
    """Whether every word occurs, as a whole word or a part of one, in the text or the names of its files."""
    names = (media.file_name for media in message.attachments)
    text = fold("\n".join([message.text, *names]))
    return all(word in text for word in words)


def fold(text: str) -> str:
    """Without differences of case, accents and forms of the same letter: `Café`, `CAFE` and `cafe` are one."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character))
