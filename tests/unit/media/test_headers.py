"""Headers of a served file."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.media.api.http.downloads import content_disposition, file_headers
from services.media.file_names import clean_file_name
from services.media.model import Variant
from tests.unit.media.builders import a_media


def test_images_are_inline_and_other_files_are_attachments() -> None:
    shown = file_headers(a_media(content_type="image/png"), Variant.ORIGINAL)
    saved = file_headers(a_media(content_type="application/pdf"), Variant.ORIGINAL)

    assert shown["content-disposition"].startswith("inline;")
    assert saved["content-disposition"].startswith("attachment;")


def test_text_has_its_encoding() -> None:
    assert (
        file_headers(a_media(content_type="text/plain"), Variant.ORIGINAL)["content-type"]
        == "text/plain; charset=utf-8"
    )


def test_a_thumbnail_has_its_own_type_and_tag() -> None:
    media = a_media(content_type="image/png")

    headers = file_headers(media, Variant.THUMBNAIL)

    assert headers["content-type"] == "image/webp"
    assert headers["etag"] != file_headers(media, Variant.ORIGINAL)["etag"]


def test_browsers_neither_guess_types_nor_run_scripts() -> None:
    headers = file_headers(a_media(), Variant.ORIGINAL)

    assert headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in headers["content-security-policy"]
    assert "private" in headers["cache-control"]


@pytest.mark.parametrize("file_name", ["plain.txt", 'quo"ted\\.txt', "Grüße 👋.png", "100%.txt"])
def test_the_header_has_the_full_name_and_an_ascii_fallback(file_name: str) -> None:
    header = content_disposition("attachment", file_name)

    assert unquote(header.partition("filename*=UTF-8''")[2]) == file_name
    assert header.isascii()


@given(st.text(max_size=100))
def test_no_name_escapes_from_the_header(given_name: str) -> None:
    name = clean_file_name(given_name)

    found = re.fullmatch(
        r"""attachment; filename="[ !#$&-\[\]-~]+"; filename\*=UTF-8''([A-Za-z0-9!#$&+.^_`|~%-]+)""",
        content_disposition("attachment", name),
    )

    assert found
    assert unquote(found[1]) == name
