"""Files to attach, made on the spot."""

from pathlib import Path
from random import Random

from PIL import Image

PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
)


def hills(path: Path) -> Path:
    """A picture of 1600 by 1200 that is nice to look at."""
    Image.effect_mandelbrot((1600, 1200), (-2, -1.2, 0.6, 1.2), 60).convert("RGB").save(path, quality=90)
    return path


def photo_of_12_mib(path: Path) -> Path:
    """As large as a good camera makes them: noise does not get smaller by packing."""
    width, height = 2_600, 2_010
    Image.frombytes("RGB", (width, height), Random(5).randbytes(3 * width * height)).save(
        path, quality=95, subsampling=0
    )
    return path
