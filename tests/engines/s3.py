"""A bucket for one test, deleted afterwards."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from kernel.s3.blob_store import S3BlobStore, open_s3_blob_store
from kernel.s3.settings import S3Settings
from tests.engines.running import S3Server


def s3_settings(server: S3Server, bucket: str) -> S3Settings:
    return S3Settings(
        endpoint=server.endpoint, bucket=bucket, access_key=server.access_key, secret_key=server.secret_key
    )


@asynccontextmanager
async def fresh_s3(server: S3Server, bucket: str) -> AsyncIterator[tuple[S3BlobStore, Any]]:
    """Yield a store whose bucket does not exist yet, and its client."""
    async with open_s3_blob_store(s3_settings(server, bucket)) as store:
        client = store._client
        yield store, client
        if await store.health() is None:
            for item in client.list_objects_v2(Bucket=bucket).get("Contents", []):
                client.delete_object(Bucket=bucket, Key=item["Key"])
            client.delete_bucket(Bucket=bucket)
