"""Blobs in S3 or a compatible server: multipart uploads, ranged reads, path-style addresses."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from functools import partial
from io import BytesIO
from typing import Any, TypeVar

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import get_session

from kernel.blob.ports import checked_name
from kernel.cancellation import finish_despite_cancel
from kernel.errors import ChatlyError, KernelReason, unavailable
from kernel.s3.settings import S3Settings
from kernel.tls import tls_problem

T = TypeVar("T")
_CHUNK_BYTES = 256 * 1024
# The minimum of S3 for a part.
_PART_BYTES = 5 * 1024 * 1024
_CONNECT_SECONDS = 3
_READ_SECONDS = 20
# The limit of concurrent calls. Each call has its own thread and connection.
_MAX_CALLS = 32
_FIRST_REGION = "us-east-1"

_NOT_FOUND = {"NoSuchKey", "NoSuchBucket", "404"}
# Error codes of Amazon and of versitygw. The response to HEAD has no body, so its error code is the status.
_ACCESS_DENIED = {"InvalidAccessKeyId", "XAdminUserNotFound", "SignatureDoesNotMatch", "AccessDenied", "403"}
_INVALID_RANGE = {"InvalidRange", "416"}
_BUCKET_EXISTS = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}


class S3BlobStore:
    """BlobStore for many nodes. It creates the bucket at first use. Every call of the driver runs in a thread."""

    def __init__(self, client: Any, *, settings: S3Settings, threads: ThreadPoolExecutor) -> None:  # noqa: ANN401 - its type is created at run time
        self._client = client
        self._settings = settings
        self._threads = threads
        self._bucket_exists = False

    async def put(self, name: str, chunks: AsyncIterator[bytes]) -> int:
        key = self._key(name)
        parts = _Parts(chunks)
        await parts.fill()
        await self._ensure_bucket()
        if parts.waiting < _PART_BYTES:
            with self._errors():
                await self._call(self._client.put_object, **key, Body=parts.take())
        else:
            await self._put_in_parts(key, parts)
        return parts.taken

    async def read(self, name: str, *, offset: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        key = self._key(name)
        if length == 0:
            with self._errors(name):
                await self._call(self._client.head_object, **key)
            return
        last = "" if length is None else offset + length - 1
        try:
            with self._errors(name):
                answer = await self._call(self._client.get_object, **key, Range=f"bytes={offset}-{last}")
        except _InvalidRangeError:
            return
        with closing(answer["Body"]) as body:
            while chunk := await self._read_chunk(body):
                yield chunk

    async def delete(self, name: str) -> None:
        # S3 accepts the deletion of a missing blob, but not in a missing bucket. Other servers refuse both.
        with suppress(KeyError), self._errors(name):
            await self._call(self._client.delete_object, **self._key(name))

    async def health(self) -> str | None:
        """Return why the bucket cannot be reached or created, or None if it exists."""
        try:
            self._bucket_exists = False
            await self._ensure_bucket()
        except ChatlyError as error:
            return error.message
        return None

    async def _put_in_parts(self, key: dict[str, str], parts: "_Parts") -> None:
        upload = dict(key)
        try:
            with self._errors():
                await self._call(self._begin_upload, upload)
            done: list[dict[str, object]] = []
            while parts.waiting:
                number = len(done) + 1
                done.append({"PartNumber": number, "ETag": await self._put_part(upload, number, parts.take())})
                await parts.fill()
            with self._errors():
                complete = self._client.complete_multipart_upload
                await self._call(complete, **upload, MultipartUpload={"Parts": done})
        except BaseException:
            # Without the abort, the server keeps the parts, and charges for them.
            if "UploadId" in upload:
                with suppress(ChatlyError, KeyError), self._errors(""):
                    await self._call(self._client.abort_multipart_upload, **upload)
            raise

    def _begin_upload(self, upload: dict[str, str]) -> None:
        upload["UploadId"] = self._client.create_multipart_upload(**upload)["UploadId"]

    async def _put_part(self, upload: dict[str, str], number: int, part: BytesIO) -> str:
        with self._errors():
            answer = await self._call(self._client.upload_part, **upload, PartNumber=number, Body=part)
        return str(answer["ETag"])

    async def _read_chunk(self, body: Any) -> bytes:  # noqa: ANN401 - as the client
        with self._errors():
            chunk: bytes = await self._call(body.read, _CHUNK_BYTES)
        return chunk

    async def _ensure_bucket(self) -> None:
        if self._bucket_exists:
            return
        try:
            with self._errors("bucket"):
                await self._call(self._client.head_bucket, Bucket=self._settings.bucket)
        except KeyError:
            await self._create_bucket()
        self._bucket_exists = True

    async def _create_bucket(self) -> None:
        region = self._settings.region
        # Amazon rejects an explicit us-east-1.
        where = {} if region == _FIRST_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        with self._errors():
            try:
                await self._call(self._client.create_bucket, Bucket=self._settings.bucket, **where)
            except ClientError as error:
                if _code(error) not in _BUCKET_EXISTS:
                    raise

    async def _call(self, function: Callable[..., T], *args: object, **options: object) -> T:
        """Run `function(...)` in a thread, to its end even if cancelled: no part may arrive after the abort."""
        job = partial(function, *args, **options)
        return await finish_despite_cancel(asyncio.get_running_loop().run_in_executor(self._threads, job))

    def _key(self, name: str) -> dict[str, str]:
        # A server that stores objects as files cannot have both `a` and `a/b`. No name contains a dot.
        return {"Bucket": self._settings.bucket, "Key": checked_name(name).replace("/", ".")}

    @contextmanager
    def _errors(self, name: str | None = None) -> Iterator[None]:
        """Raise KeyError if `name` is given and missing, and _InvalidRangeError for a range after the end of the blob.

        Every other error means that the store is unavailable.
        """
        try:
            yield
        except ClientError as error:
            if name is not None and _code(error) in _NOT_FOUND:
                raise KeyError(name) from None
            if _code(error) in _INVALID_RANGE:
                raise _InvalidRangeError from None
            raise self._unavailable(error) from error
        except BotoCoreError as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: Exception) -> ChatlyError:
        message = f"{self._settings.where()} does not answer: {_reason(error)}"
        return unavailable(KernelReason.STORE_UNAVAILABLE, message)


class _Parts:
    """Splits a stream into parts of at least 5 MiB. Only the last part may be smaller. Buffers one part."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._buffer = BytesIO()
        self.taken = 0
        """Number of bytes taken so far."""

    @property
    def waiting(self) -> int:
        """Number of bytes that the next `take` returns. If it is 0 after `fill`, the stream has ended."""
        return self._buffer.tell()

    async def fill(self) -> None:
        """Read until the buffer holds a whole part, or the stream ends."""
        async for chunk in self._chunks:
            self._buffer.write(chunk)
            if self.waiting >= _PART_BYTES:
                return

    def take(self) -> BytesIO:
        """Return the buffered bytes."""
        self.taken += self.waiting
        taken, self._buffer = self._buffer, BytesIO()
        taken.seek(0)
        return taken


class _InvalidRangeError(Exception):
    """The requested range starts after the end of the blob."""


@asynccontextmanager
async def open_s3_blob_store(settings: S3Settings) -> AsyncIterator[S3BlobStore]:
    """Open the store without contacting the server, so that the server may start later. `health` contacts it."""
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 2},
        max_pool_connections=_MAX_CALLS,
        s3={"addressing_style": "path"},
        # Not every compatible server supports the newer checksums of Amazon.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    session = get_session()
    # The driver keeps the endpoints of all Amazon services, 4 MiB of memory. Keep only the endpoints of S3.
    for partition in session.get_component("data_loader").load_data("endpoints")["partitions"]:
        partition["services"] = {name: known for name, known in partition["services"].items() if name == "s3"}
    client = session.create_client(
        "s3",
        endpoint_url=settings.endpoint or None,
        region_name=settings.region,
        aws_access_key_id=settings.access_key,
        aws_secret_access_key=settings.secret_key,
        verify=settings.ca_file or None,
        config=config,
    )
    threads = ThreadPoolExecutor(_MAX_CALLS, thread_name_prefix="s3")
    try:
        yield S3BlobStore(client, settings=settings, threads=threads)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
        client.close()


def _reason(error: Exception) -> str:
    if problem := tls_problem(error, trust="CHATLY_S3_CA_FILE", name="CHATLY_S3_ENDPOINT"):
        return problem
    if isinstance(error, ClientError) and _code(error) in _ACCESS_DENIED:
        return f"{error} (see CHATLY_S3_ACCESS_KEY, CHATLY_S3_SECRET_KEY)"
    return str(error)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
