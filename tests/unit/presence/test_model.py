"""Statuses are safe to display."""

import pytest

from services.presence.model import CustomStatus


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("at lunch", "at lunch"),
        ("  at \t\n lunch ", "at lunch"),
        ("bell\x07 null\x00 escape\x1b[31m", "bell null escape[31m"),
        ("\u202egnp.exe\u202c", "gnp.exe"),
        ("שלום", "שלום"),
    ],
)
def test_control_characters_are_removed(text: str, cleaned: str) -> None:
    assert CustomStatus(text, "🐝").cleaned() == CustomStatus(cleaned, "🐝")


def test_joined_emoji_stay_joined() -> None:
    assert CustomStatus("", "👩‍👩‍👧‍👦").cleaned() == CustomStatus("", "👩‍👩‍👧‍👦")


@pytest.mark.parametrize("text", ["", "   ", "\x00\x01"])
def test_a_status_without_printable_characters_is_none(text: str) -> None:
    assert CustomStatus(text, "\n").cleaned() is None
