"""How to reach the S3 server. Opens no connection."""

import re

from kernel.settings import env, not_empty, settings
from kernel.tls import check_file

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def _check_bucket(name: str) -> str | None:
    return None if _BUCKET.fullmatch(name) else f"must be a name of 3 to 63 letters, digits, `-` and `.`, got {name!r}"


@settings
class S3Settings:
    """One bucket of one server."""

    endpoint: str = env(
        "CHATLY_S3_ENDPOINT", default="", help="URL of the S3 server, e.g. http://minio:9000; empty: Amazon S3"
    )
    region: str = env("CHATLY_S3_REGION", default="us-east-1", help="region of the bucket", check=not_empty)
    bucket: str = env(
        "CHATLY_S3_BUCKET",
        default="chatly",
        help="name of the bucket; created if it does not exist",
        check=_check_bucket,
    )
    access_key: str = env("CHATLY_S3_ACCESS_KEY", help="access key id", check=not_empty)
    secret_key: str = env("CHATLY_S3_SECRET_KEY", help="secret access key", secret=True, check=not_empty)

    ca_file: str = env(
        "CHATLY_S3_CA_FILE",
        default="",
        help="with https: PEM file of the CA that signed the server's certificate; empty: botocore's own CA list",
        check=check_file,
    )

    def where(self) -> str:
        """Describe the server for log and error messages."""
        return f"S3 bucket {self.bucket} at {self.endpoint or self.region}"
