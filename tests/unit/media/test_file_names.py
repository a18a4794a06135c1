"""Cleaning of file names."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.media.file_names import MAX_LENGTH, clean_file_name


@pytest.mark.parametrize(
    ("given_name", "expected"),
    [
        ("report.pdf", "report.pdf"),
        ("/etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\Users\\me\\photo 1.jpg", "photo 1.jpg"),
        ("ph\u202egpj.exe", "phgpj.exe"),
        ("a\x00b\r\nc\x7f.txt", "abc.txt"),
        ("  spaced.txt ", "spaced.txt"),
        ("Grüße 👋.png", "Grüße 👋.png"),
        (".gitignore", ".gitignore"),
        ("..", "file"),
        ("folder/", "file"),
        ("\u202e", "file"),
    ],
)
def test_a_name_keeps_only_safe_characters(given_name: str, expected: str) -> None:
    assert clean_file_name(given_name) == expected


def test_a_long_name_keeps_its_extension() -> None:
    name = clean_file_name("x" * 400 + ".tar.gz")

    assert len(name) == MAX_LENGTH
    assert name.endswith("x.gz")


@given(st.text(max_size=400))
def test_cleaning_any_name_is_idempotent(given_name: str) -> None:
    name = clean_file_name(given_name)

    assert 1 <= len(name) <= MAX_LENGTH
    assert name not in {".", ".."}
    assert not set(name) & set("/\\\0\u202e\u2066")
    assert not any(unicodedata.category(character) in {"Cc", "Cs"} for character in name)
    assert clean_file_name(name) == name
