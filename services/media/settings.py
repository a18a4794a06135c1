"""Settings of the media service."""

from datetime import timedelta

from kernel.settings import between, env, settings
from services.media.model import Limits

MIB = 1024 * 1024


@settings
class MediaSettings:
    """What files may be and how long they are kept; ports and addresses are the process's business."""

    max_bytes: int = env(
        "CHATLY_MEDIA_MAX_BYTES",
        25 * MIB,
        help="largest file that may be sent, in bytes",
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
        help="most pixels of an image, all frames together; each takes 4 to 17 bytes of memory while it is cleaned",
        check=between(1, 80_000_000),
    )
    image_workers: int = env(
        "CHATLY_MEDIA_IMAGE_WORKERS",
        2,
        help="how many images are cleaned at once",
        check=between(1, 64),
    )
    upload_hours: int = env(
        "CHATLY_MEDIA_UPLOAD_HOURS",
        24,
        help="after how many hours an upload that is not complete is given up",
        check=between(1, 24 * 365),
    )
    unsent_days: int = env(
        "CHATLY_MEDIA_UNSENT_DAYS",
        7,
        help="after how many days a file that was not sent is deleted",
        check=between(1, 3650),
    )
    link_seconds: int = env(
        "CHATLY_MEDIA_LINK_SECONDS",
        300,
        help="how long a download link works, in seconds",
        check=between(1, 24 * 3600),
    )
    collect_seconds: int = env(
        "CHATLY_MEDIA_COLLECT_SECONDS",
        600,
        help="how often what nobody needs is looked for, in seconds",
        check=between(1, 24 * 3600),
    )

    def limits(self) -> Limits:
        return Limits(
            message_bytes=self.max_bytes,
            avatar_bytes=self.avatar_max_bytes,
            image_pixels=self.max_pixels,
            upload_lifetime=timedelta(hours=self.upload_hours),
        )
