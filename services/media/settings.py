"""Settings of the media service."""

from datetime import timedelta

from kernel.settings import between, env, settings
from services.media.model import Limits

MIB = 1024 * 1024


@settings
class MediaSettings:
    """Limits and lifetimes of files. Ports and addresses are settings of the process."""

    max_bytes: int = env(
        "CHATLY_MEDIA_MAX_BYTES",
        25 * MIB,
        help="largest file, in bytes",
        check=between(1, 2048 * MIB),
    )
    avatar_max_bytes: int = env(
        "CHATLY_MEDIA_AVATAR_MAX_BYTES",
        5 * MIB,
        help="largest picture of a user or a group, in bytes",
        check=between(1, 2048 * MIB),
    )
    max_pixels: int = env(
        "CHATLY_MEDIA_MAX_PIXELS",
        40_000_000,
        help="largest image, in pixels over all frames; decoding takes 4 to 17 bytes of memory per pixel",
        check=between(1, 80_000_000),
    )
    image_workers: int = env(
        "CHATLY_MEDIA_IMAGE_WORKERS",
        2,
        help="images decoded at the same time",
        check=between(1, 64),
    )
    upload_hours: int = env(
        "CHATLY_MEDIA_UPLOAD_HOURS",
        24,
        help="lifetime of an incomplete upload, in hours",
        check=between(1, 24 * 365),
    )
    body_seconds: int = env(
        "CHATLY_MEDIA_BODY_SECONDS",
        900,
        help="longest time that the bytes of an upload in one request may take, in seconds",
        check=between(1, 24 * 3600),
    )
    uploads_at_once: int = env(
        "CHATLY_MEDIA_UPLOADS_AT_ONCE",
        10,
        help="uploads in one request that a user may have in progress on a node; each takes up to "
        "CHATLY_MEDIA_MAX_BYTES of its disk",
        check=between(1, 1_000),
    )
    unsent_days: int = env(
        "CHATLY_MEDIA_UNSENT_DAYS",
        7,
        help="lifetime of a file that was never sent, in days",
        check=between(1, 3650),
    )
    link_seconds: int = env(
        "CHATLY_MEDIA_LINK_SECONDS",
        300,
        help="lifetime of a download link, in seconds",
        check=between(1, 24 * 3600),
    )
    collect_seconds: int = env(
        "CHATLY_MEDIA_COLLECT_SECONDS",
        600,
        help="interval of garbage collection, in seconds",
        check=between(1, 24 * 3600),
    )

    def limits(self) -> Limits:
        return Limits(
            message_bytes=self.max_bytes,
            avatar_bytes=self.avatar_max_bytes,
            image_pixels=self.max_pixels,
            upload_lifetime=timedelta(hours=self.upload_hours),
        )
