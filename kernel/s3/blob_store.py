"""Blobs in S3, or what speaks its protocol: streams in parts, ranged reads, addressed by path."""

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
# The smallest part that S3 takes.
_PART_BYTES = 5 * 1024 * 1024
_CONNECT_SECONDS = 3
_READ_SECONDS = 20
# At a time: each has a thread and a connection of its own.
_MOST_CALLS = 32
_FIRST_REGION = "us-east-1"

_NOT_THERE = {"NoSuchKey", "NoSuchBucket", "404"}
# What Amazon and versitygw say; of the answer to HEAD, which has no body, only the number is known.
_NOT_LET_IN = {"InvalidAccessKeyId", "XAdminUserNotFound", "SignatureDoesNotMatch", "AccessDenied", "403"}
_BEYOND_THE_END = {"InvalidRange", "416"}
_MADE_MEANWHILE = {"BucketAlreadyOwnedByYou", "BucketAlreadyExists"}


class S3BlobStore:
    """BlobStore of many nodes. The bucket is made when it is first needed. Each call of the driver is in a thread."""

    def __init__(self, client: Any, *, settings: S3Settings, threads: ThreadPoolExecutor) -> None:  # noqa: ANN401 - its type is made at run time
        self._client = client
        self._settings = settings
        self._threads = threads
        self._bucket_is_there = False

    async def put(self, name: str, chunks: AsyncIterator[bytes]) -> int:
        place = self._place(name)
        parts = _Parts(chunks)
        await parts.fill()
        await self._open_bucket()
        if parts.waiting < _PART_BYTES:
            with self._errors():
                await self._call(self._client.put_object, **place, Body=parts.take())
        else:
            await self._put_in_parts(place, parts)
        return parts.taken

    async def read(self, name: str, *, offset: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        place = self._place(name)
        if length == 0:
            with self._errors(name):
                await self._call(self._client.head_object, **place)
            return
        last = "" if length is None else offset + length - 1
        try:
            with self._errors(name):
                answer = await self._call(self._client.get_object, **place, Range=f"bytes={offset}-{last}")
        except _BeyondTheEndError:
            return
        with closing(answer["Body"]) as body:
            while chunk := await self._read_chunk(body):
                yield chunk

    async def delete(self, name: str) -> None:
        # S3 itself says nothing of a missing one; a missing bucket, and some other servers, do.
        with suppress(KeyError), self._errors(name):
            await self._call(self._client.delete_object, **self._place(name))

    async def health(self) -> str | None:
        """Why nothing can be stored at the moment, or None."""
        try:
            self._bucket_is_there = False
            await self._open_bucket()
        except ChatlyError as error:
            return error.message
        return None

    async def _put_in_parts(self, place: dict[str, str], parts: "_Parts") -> None:
        upload = dict(place)
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
            # Parts that nobody completes would be kept, and paid for.
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

    async def _open_bucket(self) -> None:
        if self._bucket_is_there:
            return
        try:
            with self._errors("bucket"):
                await self._call(self._client.head_bucket, Bucket=self._settings.bucket)
        except KeyError:
            await self._make_bucket()
        self._bucket_is_there = True

    async def _make_bucket(self) -> None:
        region = self._settings.region
        # Amazon refuses to be told the one region that it takes for granted.
        where = {} if region == _FIRST_REGION else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        with self._errors():
            try:
                await self._call(self._client.create_bucket, Bucket=self._settings.bucket, **where)
            except ClientError as error:
                if _code(error) not in _MADE_MEANWHILE:
                    raise

    async def _call(self, function: Callable[..., T], *args: object, **options: object) -> T:
        """`function(...)` in a thread. Who is cancelled waits until it has returned: no part comes after its upload."""
        job = partial(function, *args, **options)
        return await finish_despite_cancel(asyncio.get_running_loop().run_in_executor(self._threads, job))

    def _place(self, name: str) -> dict[str, str]:
        # A server that keeps objects as files cannot have both `a` and `a/b`. No name has a dot.
        return {"Bucket": self._settings.bucket, "Key": checked_name(name).replace("/", ".")}

    @contextmanager
    def _errors(self, name: str | None = None) -> Iterator[None]:
        """`name`: what may be missing, which is a KeyError then. Everything else is a store that is away."""
        try:
            yield
        except ClientError as error:
            if name is not None and _code(error) in _NOT_THERE:
                raise KeyError(name) from None
            if _code(error) in _BEYOND_THE_END:
                raise _BeyondTheEndError from None
            raise self._away(error) from error
        except BotoCoreError as error:
            raise self._away(error) from error

    def _away(self, error: Exception) -> ChatlyError:
        return unavailable(KernelReason.STORE_UNAVAILABLE, f"{self._settings.where()} does not answer: {_why(error)}")


class _Parts:
    """A stream in pieces of at least the size of a part, but for the last one. Holds one of them."""

    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks
        self._buffer = BytesIO()
        self.taken = 0
        """Bytes that were taken."""

    @property
    def waiting(self) -> int:
        """Bytes that the next `take` returns; 0 after a `fill`: the stream has ended."""
        return self._buffer.tell()

    async def fill(self) -> None:
        """Read until there is a whole part, or the end."""
        async for chunk in self._chunks:
            self._buffer.write(chunk)
            if self.waiting >= _PART_BYTES:
                return

    def take(self) -> BytesIO:
        """What was read."""
        self.taken += self.waiting
        taken, self._buffer = self._buffer, BytesIO()
        taken.seek(0)
        return taken


class _BeyondTheEndError(Exception):
    """Nothing of a blob lies where it was to be read."""


@asynccontextmanager
async def open_s3_blob_store(settings: S3Settings) -> AsyncIterator[S3BlobStore]:
    """Asks nothing of the server yet, so that it may come later; `health` says whether it is there."""
    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 2},
        max_pool_connections=_MOST_CALLS,
        s3={"addressing_style": "path"},
        # Not everything that speaks S3 knows Amazon's newer checksums.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    session = get_session()
    # Where every service of Amazon's has its doors: 4 MiB, of which S3's are kept.
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
    threads = ThreadPoolExecutor(_MOST_CALLS, thread_name_prefix="s3")
    try:
        yield S3BlobStore(client, settings=settings, threads=threads)
    finally:
        threads.shutdown(wait=False, cancel_futures=True)
        client.close()


def _why(error: Exception) -> str:
    if trouble := tls_problem(error, trust="CHATLY_S3_CA_FILE", name="CHATLY_S3_ENDPOINT"):
        return trouble
    if isinstance(error, ClientError) and _code(error) in _NOT_LET_IN:
        return f"{error} (see CHATLY_S3_ACCESS_KEY, CHATLY_S3_SECRET_KEY)"
    return str(error)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))
