"""Builders of files to attach."""

from math import sin
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw

# Red, green and blue from the top (0) to the bottom (255) of the picture.
_SKY = (lambda at: 96 + at * 0.62, lambda at: 120 + at * 0.35, lambda at: 190 - at * 0.3)
_RANGES = ("#8a7ba8", "#6a6396", "#474a7c", "#262c55")

PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)


def hills(path: Path) -> Path:
    """Save a picture of 1600 by 1200 pixels for screenshots: an evening sky over four ranges of hills."""
    width, height = 1_600, 1_200
    picture = Image.merge("RGB", [Image.linear_gradient("L").point(shade) for shade in _SKY]).resize((width, height))
    draw = ImageDraw.Draw(picture)
    for number, colour in enumerate(_RANGES):
        ridge = [
            (x, 520 + 170 * number + 90 * sin(x / (310 - 45 * number) + 2 * number)) for x in range(0, width + 8, 8)
        ]
        draw.polygon([*ridge, (width, height), (0, height)], fill=colour)
    picture.save(path, quality=90)
    return path


def photo_of_12_mib(path: Path) -> Path:
    """Save a photo of about 12 MiB. It is noise, which JPEG cannot compress."""
    width, height = 2_600, 2_010
    Image.frombytes("RGB", (width, height), Random(5).randbytes(3 * width * height)).save(
        path, quality=95, subsampling=0
    )
    return path
