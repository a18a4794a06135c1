"""Cleaning of images: upright, without metadata, within the size limits."""

import tracemalloc
from pathlib import Path

import pytest
from PIL import Image

from kernel.errors import ChatlyError
from services.media.errors import MediaReason
from services.media.images import CleanImage, clean_image
from tests.unit.media.samples import (
    a_jpeg,
    a_picture,
    a_png,
    a_png_that_claims,
    a_zip,
    an_animation,
    encoded,
    opened,
    private_exif,
)

LIMIT = 1_000_000
TYPES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


def cleaned(folder: Path, data: bytes, content_type: str, *, limit_pixels: int = LIMIT) -> CleanImage:
    source = folder / "content"
    source.write_bytes(data)
    return clean_image(source, content_type, limit_pixels=limit_pixels)


@pytest.mark.parametrize("image_format", TYPES)
def test_exif_and_location_are_removed(tmp_path: Path, image_format: str) -> None:
    data = encoded(a_picture(), image_format, exif=private_exif())
    assert b"SecretCam" in data

    image = cleaned(tmp_path, data, TYPES[image_format])

    assert b"SecretCam" not in image.original.read_bytes()
    assert b"SecretCam" not in image.thumbnail.read_bytes()
    assert not opened(image.original.read_bytes()).getexif()


def test_comments_and_trailing_bytes_are_removed(tmp_path: Path) -> None:
    jpeg = encoded(a_picture(), "JPEG", comment=b"a secret", xmp=b"<x:xmpmeta>a secret</x:xmpmeta>")
    gif = encoded(a_picture(), "GIF", comment=b"a secret")

    assert b"secret" not in cleaned(tmp_path, jpeg + a_zip({"secret": b""}), "image/jpeg").original.read_bytes()
    assert b"secret" not in cleaned(tmp_path, gif, "image/gif").original.read_bytes()


@pytest.mark.parametrize("image_format", TYPES)
def test_a_rotated_picture_is_turned_upright(tmp_path: Path, image_format: str) -> None:
    data = encoded(a_picture(60, 40), image_format, exif=private_exif(orientation=6))

    image = cleaned(tmp_path, data, TYPES[image_format])

    assert (image.width, image.height) == (40, 60)
    red, _, blue = opened(image.original.read_bytes()).convert("RGB").getpixel((20, 5))  # type: ignore[misc]
    assert (red > 200, blue < 50) == (True, True)


def test_a_jpeg_keeps_its_quality(tmp_path: Path) -> None:
    data = a_jpeg(quality=97, subsampling=0)

    original = cleaned(tmp_path, data, "image/jpeg").original.read_bytes()

    assert opened(original).quantization == opened(data).quantization  # type: ignore[attr-defined]


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGBA", "I;16"])
def test_a_png_keeps_every_pixel_and_its_mode(tmp_path: Path, mode: str) -> None:
    picture = a_picture().convert("I").convert("I;16") if mode == "I;16" else a_picture().convert(mode)

    image = cleaned(tmp_path, encoded(picture, "PNG"), "image/png")

    served = opened(image.original.read_bytes())
    assert served.mode == mode
    assert served.tobytes() == picture.tobytes()


@pytest.mark.parametrize("image_format", ["GIF", "WEBP", "PNG"])
def test_an_animation_keeps_its_frames_and_durations(tmp_path: Path, image_format: str) -> None:
    image = cleaned(tmp_path, an_animation(image_format), f"image/{image_format.lower()}")

    served = opened(image.original.read_bytes())
    times = []
    for frame in range(served.n_frames):  # type: ignore[attr-defined]
        served.seek(frame)
        served.load()
        times.append(served.info["duration"])
    assert times == [100, 200, 300]
    assert served.info["loop"] == 0


@pytest.mark.parametrize("frames", [1, 3])
def test_a_lossless_webp_stays_lossless(tmp_path: Path, frames: int) -> None:
    pictures = [Image.effect_noise((40, 30), 80 + number).convert("RGB") for number in range(frames)]
    data = encoded(pictures[0], "WEBP", lossless=True, exif=private_exif(), save_all=True, append_images=pictures[1:])

    served = opened(cleaned(tmp_path, data, "image/webp").original.read_bytes())

    assert served.convert("RGB").tobytes() == pictures[0].tobytes()


def test_a_lossy_webp_does_not_grow(tmp_path: Path) -> None:
    data = encoded(Image.effect_noise((400, 300), 80).convert("RGB"), "WEBP", quality=80)

    assert cleaned(tmp_path, data, "image/webp").original.stat().st_size < 2 * len(data)


def test_a_thumbnail_is_a_webp_of_at_most_480_pixels(tmp_path: Path) -> None:
    image = cleaned(tmp_path, a_jpeg(1200, 300), "image/jpeg")

    thumbnail = opened(image.thumbnail.read_bytes())
    assert (thumbnail.format, thumbnail.size) == ("WEBP", (480, 120))
    assert (image.width, image.height) == (1200, 300)


def test_a_small_image_is_not_enlarged_for_its_thumbnail(tmp_path: Path) -> None:
    assert opened(cleaned(tmp_path, a_png(60, 40), "image/png").thumbnail.read_bytes()).size == (60, 40)


@pytest.mark.parametrize("side", [1_001, 10_000, 50_000])
def test_an_image_with_too_many_pixels_is_rejected_before_decoding(tmp_path: Path, side: int) -> None:
    tracemalloc.start()
    with pytest.raises(ChatlyError) as rejected:
        cleaned(tmp_path, a_png_that_claims(side, side), "image/png")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert rejected.value.reason == MediaReason.IMAGE_UNREADABLE
    assert rejected.value.metadata == {"limit_pixels": str(LIMIT)}
    assert peak < 2_000_000


def test_the_pixels_of_all_frames_count(tmp_path: Path) -> None:
    data = an_animation("GIF", frames=4)

    with pytest.raises(ChatlyError) as rejected:
        cleaned(tmp_path, data, "image/gif", limit_pixels=50 * 30 * 4 - 1)

    assert rejected.value.reason == MediaReason.IMAGE_UNREADABLE
    assert cleaned(tmp_path, data, "image/gif", limit_pixels=50 * 30 * 4).width == 50


def test_too_many_tiny_frames_are_rejected(tmp_path: Path) -> None:
    header, frame = b"GIF89a\1\0\1\0\x80\0\0\0\0\0\xff\xff\xff", b"\x2c\0\0\0\0\1\0\1\0\0\2\2\x44\1\0"

    with pytest.raises(ChatlyError) as rejected:
        cleaned(tmp_path, header + frame * 2_001 + b";", "image/gif")

    assert "2000 frames" in rejected.value.message


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (a_jpeg()[:200], "image/jpeg"),
        (a_png()[:-30], "image/png"),
        (a_png(), "image/jpeg"),
        (b"GIF89a" + bytes(30), "image/gif"),
        (b"RIFF\x24\0\0\0WEBPVP8 " + bytes(30), "image/webp"),
    ],
    ids=["cut jpeg", "cut png", "png as jpeg", "empty gif", "empty webp"],
)
def test_a_broken_image_is_rejected(tmp_path: Path, data: bytes, content_type: str) -> None:
    with pytest.raises(ChatlyError) as rejected:
        cleaned(tmp_path, data, content_type)

    assert rejected.value.reason == MediaReason.IMAGE_UNREADABLE
    assert str(tmp_path) not in rejected.value.message
