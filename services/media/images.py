"""Cleans images: makes them upright, removes metadata, and adds a thumbnail. The calls block: run them in a thread."""

import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps, ImageSequence
from PIL.JpegImagePlugin import get_sampling

from kernel.disk import disk_error_message
from kernel.errors import ChatlyError, Code, KernelReason, unavailable
from services.media.errors import MediaReason

THUMBNAIL_PIXELS = 480
"""Length of a thumbnail's longer side, in pixels."""
_MAX_FRAMES = 2_000
_THUMBNAIL_QUALITY = 80
_WEBP_QUALITY = 90
_FORMATS = {"image/jpeg": "JPEG", "image/png": "PNG", "image/gif": "GIF", "image/webp": "WEBP"}


@dataclass(frozen=True, slots=True)
class CleanImage:
    """The paths of a cleaned image and its thumbnail, and the size of the image in pixels."""

    original: Path
    thumbnail: Path
    width: int
    height: int


def clean_image(source: Path, content_type: str, *, limit_pixels: int) -> CleanImage:
    """Write a clean copy and a thumbnail next to `source`. Raise INVALID_ARGUMENT `IMAGE_UNREADABLE`.

    An image is rejected if its frames together have more than `limit_pixels` pixels, or if it has over 2,000 frames.
    """
    try:
        return _clean(source, _FORMATS[content_type], limit_pixels)
    except ChatlyError:
        raise
    # On hostile bytes, decoders raise any exception (OSError, SyntaxError, struct.error, …).
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise unavailable(KernelReason.STORE_UNAVAILABLE, disk_error_message(error, "a file")) from error
        # The decoder's message may contain local paths.
        raise _unreadable("the image is unreadable", limit_pixels) from error


def _clean(source: Path, image_format: str, limit_pixels: int) -> CleanImage:
    original, thumbnail = source.with_name("clean"), source.with_name("thumbnail")
    # Only the decoder of the detected format reads the bytes.
    with Image.open(source, formats=(image_format,)) as image:
        _require_size(image, limit_pixels)
        width, height = _WRITERS[image_format](image, source, original)
    with Image.open(original, formats=(image_format,)) as image:
        image.thumbnail((THUMBNAIL_PIXELS, THUMBNAIL_PIXELS), reducing_gap=2.0)
        small = image.convert("RGBA" if image.has_transparency_data else "RGB")
        small.save(thumbnail, "WEBP", quality=_THUMBNAIL_QUALITY)
    return CleanImage(original, thumbnail, width, height)


def _require_size(image: Image.Image, limit_pixels: int) -> None:
    pixels = image.width * image.height
    if pixels > limit_pixels:
        raise _unreadable(f"the image has {pixels} pixels, the limit is {limit_pixels}", limit_pixels)
    frames = min(limit_pixels // pixels, _MAX_FRAMES)
    if _has_more_frames(image, frames):
        message = (
            f"the image has more than {frames} frames, {limit_pixels} pixels or {_MAX_FRAMES} frames are the limit"
        )
        raise _unreadable(message, limit_pixels)


def _has_more_frames(image: Image.Image, frames: int) -> bool:
    """Return whether the image has more than `frames` frames.

    This does not count the frames, because counting those of a GIF would read the whole file.
    """
    try:
        image.seek(frames)
    except EOFError:
        return False
    finally:
        image.seek(0)
    return True


def _unreadable(message: str, limit_pixels: int) -> ChatlyError:
    return ChatlyError(
        Code.INVALID_ARGUMENT, MediaReason.IMAGE_UNREADABLE, message, {"limit_pixels": str(limit_pixels)}
    )


def _write_jpeg(image: Image.Image, _source: Path, target: Path) -> tuple[int, int]:
    # Reuse the quantization tables of the original, so that the quality stays the same.
    tables, sampling = getattr(image, "quantization", None), get_sampling(image)
    ImageOps.exif_transpose(image, in_place=True)
    image.save(
        target,
        "JPEG",
        qtables=tables,
        subsampling=sampling,
        icc_profile=image.info.get("icc_profile"),
        progressive="progressive" in image.info,
        exif=b"",
        comment=b"",
    )
    return image.size


def _write_png(image: Image.Image, _source: Path, target: Path) -> tuple[int, int]:
    if _is_animated(image):
        return _write_frames(image, target, "PNG", default_image=bool(image.info.get("default_image")))
    ImageOps.exif_transpose(image, in_place=True)
    image.save(target, "PNG", icc_profile=image.info.get("icc_profile"), exif=b"")
    return image.size


def _write_gif(image: Image.Image, _source: Path, target: Path) -> tuple[int, int]:
    return _write_frames(image, target, "GIF", comment=b"")


def _write_webp(image: Image.Image, source: Path, target: Path) -> tuple[int, int]:
    options: dict[str, Any] = {"quality": _WEBP_QUALITY, "method": 2, "exif": b"", "xmp": b""}
    options["lossless"] = _is_lossless_webp(source)
    options["icc_profile"] = image.info.get("icc_profile") or b""
    if _is_animated(image):
        return _write_frames(image, target, "WEBP", **options)
    ImageOps.exif_transpose(image, in_place=True)
    image.save(target, "WEBP", **options)
    return image.size


def _is_lossless_webp(source: Path) -> bool:
    """Return whether the first image chunk of a RIFF file is lossless."""
    with source.open("rb") as file:
        file.seek(12)
        while len(header := file.read(8)) == 8:  # noqa: PLR2004 - a chunk starts with its kind and its size
            kind, size = struct.unpack("<4sI", header)
            if kind in {b"VP8L", b"VP8 "}:
                return bool(kind == b"VP8L")
            # In a frame, 16 bytes of position and duration come before the chunks.
            file.seek(16 if kind == b"ANMF" else size + size % 2, os.SEEK_CUR)
    return False


def _write_frames(image: Image.Image, target: Path, image_format: str, **options: Any) -> tuple[int, int]:
    """Write all frames with their durations, and return the size of the image."""
    if "loop" in image.info:
        options["loop"] = image.info["loop"]
    image.save(
        target,
        image_format,
        save_all=True,
        append_images=[],
        duration=[_duration(frame) for frame in ImageSequence.Iterator(image)],
        **options,
    )
    return image.size


def _duration(frame: Image.Image) -> int:
    # A WebP frame has its duration only after it is decoded.
    frame.load()
    return round(frame.info.get("duration", 0) or 0)


def _is_animated(image: Image.Image) -> bool:
    return bool(getattr(image, "is_animated", False))


_WRITERS: dict[str, Callable[[Image.Image, Path, Path], tuple[int, int]]] = {
    "JPEG": _write_jpeg,
    "PNG": _write_png,
    "GIF": _write_gif,
    "WEBP": _write_webp,
}
