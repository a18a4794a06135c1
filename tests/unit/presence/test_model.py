"""Statuses are fit to be shown."""

import pytest

from services.presence.model import CustomStatus


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("at lunch", "at lunch"),
        ("  at \t\n lunch ", "at lunch"),
        ("bell\x07 null\x00 escape\x1b[31m", "bell null escape[31m"),
        ("\u202egnp.exe\u202c", "gnp.exe"),
        ("שלום", "שלום"),
    ],
)
def test_control_characters_do_not_pass(given: str, shown: str) -> None:
    assert CustomStatus(given, "🐝").cleaned() == CustomStatus(shown, "🐝")


def test_joined_emoji_stay_joined() -> None:
    assert CustomStatus("", "👩‍👩‍👧‍👦").cleaned() == CustomStatus("", "👩‍👩‍👧‍👦")


@pytest.mark.parametrize("text", ["", "   ", "\x00\x01"])
def test_a_status_that_shows_nothing_is_none(text: str) -> None:
    assert CustomStatus(text, "\n").cleaned() is None
