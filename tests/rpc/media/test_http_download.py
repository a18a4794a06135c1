"""GET /api/uploads/{media_id}: downloads over HTTP with ranges, conditions and signed links."""

import httpx
import pytest
from chatly.media.v1 import media_service_pb2 as pb

from tests.builders import an_id
from tests.problems import reason, violations
from tests.rpc.media.harness import ANN, BOB, EVE, MediaNode
from tests.unit.media.samples import PDF, a_png, opened

ORIGINAL = pb.MediaVariant.MEDIA_VARIANT_ORIGINAL
DIGITS = b"0123456789" * 100


async def get(node: MediaNode, media: pb.Media, *, reader: str = ANN, **headers: str) -> httpx.Response:
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return await node.http.get(media.url, headers=node.header(reader, **more))


async def link(node: MediaNode, media: pb.Media, variant: pb.MediaVariant.ValueType = ORIGINAL) -> str:
    request = pb.GetDownloadUrlRequest(media_id=media.media_id, variant=variant)
    return (await node.rpc.GetDownloadUrl(request, metadata=node.by(ANN))).url


async def test_a_document_is_an_attachment_and_runs_no_scripts(node: MediaNode) -> None:
    media = await node.upload(PDF, file_name='Grüße "1".pdf')

    response = await get(node, media)

    assert (response.status_code, response.content) == (200, PDF)
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["content-length"] == str(len(PDF))
    assert response.headers["content-disposition"].startswith('attachment; filename="Gr__e _1_.pdf"; filename*=UTF-8')
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert response.headers["cache-control"] == "private, no-cache"
    assert response.headers["etag"] == f'"{media.sha256}"'


async def test_an_image_is_inline_and_has_a_thumbnail(node: MediaNode) -> None:
    media = await node.upload(a_png(900, 300))

    whole = await get(node, media)
    small = await node.http.get(f"{media.url}?variant=thumbnail", headers=node.header(ANN))

    assert whole.headers["content-disposition"].startswith("inline;")
    assert (small.headers["content-type"], opened(small.content).size) == ("image/webp", (480, 160))
    assert small.headers["etag"] != whole.headers["etag"]


@pytest.mark.parametrize(
    ("requested", "content_range", "content"),
    [
        ("bytes=0-9", "bytes 0-9/1000", DIGITS[:10]),
        ("bytes=995-", "bytes 995-999/1000", DIGITS[995:]),
        ("bytes=-3", "bytes 997-999/1000", DIGITS[-3:]),
        ("bytes=500-5000", "bytes 500-999/1000", DIGITS[500:]),
    ],
)
async def test_a_range_is_served_alone(node: MediaNode, requested: str, content_range: str, content: bytes) -> None:
    response = await get(node, await node.upload(DIGITS), range=requested)

    assert (response.status_code, response.headers["content-range"], response.content) == (206, content_range, content)
    assert response.headers["content-length"] == str(len(content))


async def test_several_ranges_give_the_whole_file(node: MediaNode) -> None:
    response = await get(node, await node.upload(DIGITS), range="bytes=0-1,5-6")

    assert (response.status_code, response.content) == (200, DIGITS)


async def test_a_range_beyond_the_end_returns_the_size(node: MediaNode) -> None:
    response = await get(node, await node.upload(DIGITS), range="bytes=1000-")

    assert (response.status_code, response.headers["content-range"]) == (416, "bytes */1000")


async def test_a_cached_file_is_not_modified(node: MediaNode) -> None:
    media = await node.upload(DIGITS)
    tag = f'"{media.sha256}"'

    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        response = await get(node, media, if_none_match=known)
        assert (response.status_code, response.content) == (304, b"")
    assert (await get(node, media, if_none_match='"other"')).status_code == 200


async def test_a_range_of_another_version_gives_the_whole_file(node: MediaNode) -> None:
    media = await node.upload(DIGITS)

    same = await get(node, media, range="bytes=0-9", if_range=f'"{media.sha256}"')
    other = await get(node, media, range="bytes=0-9", if_range='"other"')
    dated = await get(node, media, range="bytes=0-9", if_range="Wed, 21 Oct 2015 07:28:00 GMT")

    assert [same.status_code, other.status_code, dated.status_code] == [206, 200, 200]


async def test_head_returns_the_headers_without_the_bytes(node: MediaNode) -> None:
    media = await node.upload(DIGITS)

    response = await node.http.head(media.url, headers=node.header(ANN))

    assert (response.status_code, response.headers["content-length"], response.content) == (200, "1000", b"")


async def test_strangers_and_missing_tokens_are_rejected(node: MediaNode) -> None:
    media = await node.upload(PDF)

    stranger, nobody = await get(node, media, reader=EVE), await node.http.get(media.url)

    assert (stranger.status_code, reason(stranger)) == (403, "MEDIA_FORBIDDEN")
    assert (nobody.status_code, reason(nobody)) == (401, "TOKEN_MISSING")


@pytest.mark.parametrize("media_id", [an_id(), "nonsense", "..%2f..%2fetc%2fpasswd"])
async def test_unknown_files_are_not_found(node: MediaNode, media_id: str) -> None:
    response = await node.http.get(f"/api/uploads/{media_id}", headers=node.header(ANN))

    assert response.status_code == 404


async def test_missing_and_unknown_variants_are_rejected(node: MediaNode) -> None:
    media = await node.upload(PDF)

    thumbnail = await node.http.get(f"{media.url}?variant=thumbnail", headers=node.header(ANN))
    other = await node.http.get(f"{media.url}?variant=huge", headers=node.header(ANN))

    assert (thumbnail.status_code, reason(thumbnail)) == (404, "MEDIA_NOT_FOUND")
    assert (other.status_code, *violations(other)) == (400, "variant")


async def test_a_signed_link_needs_no_token(node: MediaNode) -> None:
    media = await node.upload(a_png(900, 300))

    whole = await node.http.get(await link(node, media))
    small = await node.http.get(await link(node, media, pb.MediaVariant.MEDIA_VARIANT_THUMBNAIL))

    assert (whole.status_code, small.status_code) == (200, 200)
    assert small.headers["content-type"] == "image/webp"


async def test_a_changed_link_is_rejected(node: MediaNode) -> None:
    media, other = await node.upload(a_png()), await node.upload(PDF)
    signed = await link(node, media)
    changed = [
        f"{signed}&variant=thumbnail",
        f"{signed}x",
        signed.replace("exp=", "exp=1"),
        signed.replace("exp=", "exp=x"),
        signed.replace(media.media_id, other.media_id),
    ]

    for url in changed:
        response = await node.http.get(url, headers=node.header(BOB))
        assert (response.status_code, reason(response)) == (403, "LINK_INVALID")
