"""GET /api/uploads/{media_id}: a file over plain HTTP, with ranges, conditions and signed links."""

import httpx
import pytest
from chatly.media.v1 import media_service_pb2 as pb

from tests.builders import an_id
from tests.problems import reason, violations
from tests.rpc.media.house import ANN, BOB, EVE, House
from tests.unit.media.samples import PDF, a_png, opened

ORIGINAL = pb.MediaVariant.MEDIA_VARIANT_ORIGINAL
DIGITS = b"0123456789" * 100


async def get(house: House, media: pb.Media, *, reader: str = ANN, **headers: str) -> httpx.Response:
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return await house.http.get(media.url, headers=house.header(reader, **more))


async def link(house: House, media: pb.Media, variant: pb.MediaVariant.ValueType = ORIGINAL) -> str:
    request = pb.GetDownloadUrlRequest(media_id=media.media_id, variant=variant)
    return (await house.rpc.GetDownloadUrl(request, metadata=house.by(ANN))).url


async def test_a_document_is_saved_and_nothing_in_it_runs(house: House) -> None:
    media = await house.upload(PDF, file_name='Grüße "1".pdf')

    response = await get(house, media)

    assert (response.status_code, response.content) == (200, PDF)
    assert response.headers["content-type"] == "application/pdf"
    assert response.headers["content-length"] == str(len(PDF))
    assert response.headers["content-disposition"].startswith('attachment; filename="Gr__e _1_.pdf"; filename*=UTF-8')
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert response.headers["cache-control"] == "private, max-age=31536000, immutable"
    assert response.headers["etag"] == f'"{media.sha256}"'


async def test_an_image_is_shown_and_has_a_thumbnail(house: House) -> None:
    media = await house.upload(a_png(900, 300))

    whole = await get(house, media)
    small = await house.http.get(f"{media.url}?variant=thumbnail", headers=house.header(ANN))

    assert whole.headers["content-disposition"].startswith("inline;")
    assert (small.headers["content-type"], opened(small.content).size) == ("image/webp", (480, 160))
    assert small.headers["etag"] != whole.headers["etag"]


@pytest.mark.parametrize(
    ("asked", "told", "content"),
    [
        ("bytes=0-9", "bytes 0-9/1000", DIGITS[:10]),
        ("bytes=995-", "bytes 995-999/1000", DIGITS[995:]),
        ("bytes=-3", "bytes 997-999/1000", DIGITS[-3:]),
        ("bytes=500-5000", "bytes 500-999/1000", DIGITS[500:]),
    ],
)
async def test_a_range_is_served_alone(house: House, asked: str, told: str, content: bytes) -> None:
    response = await get(house, await house.upload(DIGITS), range=asked)

    assert (response.status_code, response.headers["content-range"], response.content) == (206, told, content)
    assert response.headers["content-length"] == str(len(content))


async def test_several_ranges_give_the_whole_file(house: House) -> None:
    response = await get(house, await house.upload(DIGITS), range="bytes=0-1,5-6")

    assert (response.status_code, response.content) == (200, DIGITS)


async def test_a_range_behind_the_end_tells_the_size(house: House) -> None:
    response = await get(house, await house.upload(DIGITS), range="bytes=1000-")

    assert (response.status_code, response.headers["content-range"]) == (416, "bytes */1000")


async def test_who_has_it_already_gets_no_bytes(house: House) -> None:
    media = await house.upload(DIGITS)
    tag = f'"{media.sha256}"'

    for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        response = await get(house, media, if_none_match=known)
        assert (response.status_code, response.content) == (304, b"")
    assert (await get(house, media, if_none_match='"other"')).status_code == 200


async def test_a_range_of_other_bytes_gives_the_whole_file(house: House) -> None:
    media = await house.upload(DIGITS)

    same = await get(house, media, range="bytes=0-9", if_range=f'"{media.sha256}"')
    other = await get(house, media, range="bytes=0-9", if_range='"other"')
    dated = await get(house, media, range="bytes=0-9", if_range="Wed, 21 Oct 2015 07:28:00 GMT")

    assert [same.status_code, other.status_code, dated.status_code] == [206, 200, 200]


async def test_head_tells_the_same_without_the_bytes(house: House) -> None:
    media = await house.upload(DIGITS)

    response = await house.http.head(media.url, headers=house.header(ANN))

    assert (response.status_code, response.headers["content-length"], response.content) == (200, "1000", b"")


async def test_strangers_are_refused_and_nobody_is_asked_for_a_token(house: House) -> None:
    media = await house.upload(PDF)

    stranger, nobody = await get(house, media, reader=EVE), await house.http.get(media.url)

    assert (stranger.status_code, reason(stranger)) == (403, "MEDIA_FORBIDDEN")
    assert (nobody.status_code, reason(nobody)) == (401, "TOKEN_MISSING")


@pytest.mark.parametrize("media_id", [an_id(), "nonsense", "..%2f..%2fetc%2fpasswd"])
async def test_what_does_not_exist_is_not_found(house: House, media_id: str) -> None:
    response = await house.http.get(f"/api/uploads/{media_id}", headers=house.header(ANN))

    assert response.status_code == 404


async def test_a_document_has_no_thumbnail_and_no_third_form(house: House) -> None:
    media = await house.upload(PDF)

    thumbnail = await house.http.get(f"{media.url}?variant=thumbnail", headers=house.header(ANN))
    other = await house.http.get(f"{media.url}?variant=huge", headers=house.header(ANN))

    assert (thumbnail.status_code, reason(thumbnail)) == (404, "MEDIA_NOT_FOUND")
    assert (other.status_code, *violations(other)) == (400, "variant")


async def test_a_signed_link_needs_no_token(house: House) -> None:
    media = await house.upload(a_png(900, 300))

    whole = await house.http.get(await link(house, media))
    small = await house.http.get(await link(house, media, pb.MediaVariant.MEDIA_VARIANT_THUMBNAIL))

    assert (whole.status_code, small.status_code) == (200, 200)
    assert small.headers["content-type"] == "image/webp"


async def test_a_link_that_was_changed_is_refused(house: House) -> None:
    media, other = await house.upload(a_png()), await house.upload(PDF)
    signed = await link(house, media)
    changed = [
        f"{signed}&variant=thumbnail",
        f"{signed}x",
        signed.replace("exp=", "exp=1"),
        signed.replace("exp=", "exp=x"),
        signed.replace(media.media_id, other.media_id),
    ]

    for url in changed:
        response = await house.http.get(url, headers=house.header(BOB))
        assert (response.status_code, reason(response)) == (403, "LINK_INVALID")
