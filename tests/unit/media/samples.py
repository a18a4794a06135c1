"""Small valid files, generated in memory."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

from PIL import Image

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
GPS_IFD = 0x8825
ORIENTATION = 0x0112
MAKER = 0x010F


def a_picture(width: int = 60, height: int = 40) -> Image.Image:
    """Return an image with a red left and a blue right half, which shows its orientation."""
    picture = Image.new("RGB", (width, height), "blue")
    picture.paste("red", (0, 0, width // 2, height))
    return picture


def encoded(picture: Image.Image, image_format: str, **options: Any) -> bytes:
    target = io.BytesIO()
    picture.save(target, image_format, **options)
    return target.getvalue()


def private_exif(*, orientation: int = 1) -> Image.Exif:
    """Return EXIF data with a camera name and a location."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[MAKER] = "SecretCam"
    exif.get_ifd(GPS_IFD)[1] = "N"
    exif.get_ifd(GPS_IFD)[2] = (48.0, 51.0, 30.0)
    return exif


def a_jpeg(width: int = 60, height: int = 40, **options: Any) -> bytes:
    return encoded(a_picture(width, height), "JPEG", **{"exif": private_exif(), **options})


def a_png(width: int = 60, height: int = 40) -> bytes:
    return encoded(a_picture(width, height), "PNG")


def an_animation(image_format: str, frames: int = 3) -> bytes:
    pictures = [Image.new("RGB", (50, 30), (60 * number, 0, 0)) for number in range(frames)]
    times = [100 * (number + 1) for number in range(frames)]
    return encoded(pictures[0], image_format, save_all=True, append_images=pictures[1:], duration=times, loop=0)


def a_png_that_claims(width: int, height: int) -> bytes:
    """Return a PNG with a header of any size and almost no pixel data."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def a_zip(entries: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return target.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
