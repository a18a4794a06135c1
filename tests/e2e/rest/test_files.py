"""POST /api/upload/message and GET /api/uploads/{media_id}."""

import asyncio

import httpx
import pytest

from tests.e2e.mesh import Mesh
from tests.e2e.people import Person, somebody
from tests.e2e.rest.talk import history, send, upload
from tests.problems import reason
from tests.unit.media.samples import PDF, a_jpeg, opened


async def test_a_file_is_uploaded_sent_and_downloaded(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, bob = pair
    media = await upload(client, ann, "paper.pdf", PDF)
    await send(client, ann, bob, "", media_ids=[media["media_id"]])
    (message,) = await history(client, bob, ann)
    (attachment,) = message["attachments"]
    downloaded = await client.get(attachment["url"], headers=bob.headers)

    assert (media["type"], media["name"], media["url"]) == ("application/pdf", "paper.pdf", attachment["url"])
    assert (attachment["content_type"], attachment["file_name"]) == ("application/pdf", "paper.pdf")
    assert downloaded.content == PDF


async def test_a_document_is_saved_and_an_image_is_shown(
    client: httpx.AsyncClient, pair: tuple[Person, Person]
) -> None:
    ann, _ = pair
    document = await upload(client, ann, "Jahresbericht für Ünal.pdf", PDF)
    image = await upload(client, ann, "photo.jpg", a_jpeg())
    saved = await client.get(document["url"], headers=ann.headers)
    shown = await client.get(image["url"], headers=ann.headers)

    assert saved.headers["content-type"] == "application/pdf"
    assert saved.headers["content-disposition"].startswith("attachment;")
    assert "filename*=UTF-8''Jahresbericht%20f%C3%BCr%20%C3%9Cnal.pdf" in saved.headers["content-disposition"]
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.headers["content-disposition"].startswith("inline;")
    for answer in (saved, shown):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert answer.headers["cache-control"].startswith("private")


async def test_part_of_a_file_is_downloaded(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, _ = pair
    media = await upload(client, ann, "paper.pdf", PDF)
    middle = await client.get(media["url"], headers={**ann.headers, "range": "bytes=5-9"})
    end = await client.get(media["url"], headers={**ann.headers, "range": "bytes=-4"})
    behind = await client.get(media["url"], headers={**ann.headers, "range": f"bytes={len(PDF)}-"})

    assert (middle.status_code, middle.content) == (206, PDF[5:10])
    assert middle.headers["content-range"] == f"bytes 5-9/{len(PDF)}"
    assert (end.status_code, end.content) == (206, PDF[-4:])
    assert (behind.status_code, behind.headers["content-range"]) == (416, f"bytes */{len(PDF)}")


async def test_an_unchanged_file_is_not_sent_again(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, _ = pair
    media = await upload(client, ann, "paper.pdf", PDF)
    first = await client.get(media["url"], headers=ann.headers)
    again = await client.get(media["url"], headers={**ann.headers, "if-none-match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")


async def test_an_image_has_a_thumbnail(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, _ = pair
    media = await upload(client, ann, "photo.jpg", a_jpeg(1200, 800))
    small = await client.get(media["url"], params={"variant": "thumbnail"}, headers=ann.headers)

    assert media["has_thumbnail"]
    assert small.headers["content-type"] == "image/webp"
    assert max(opened(small.content).size) < 1200


async def test_a_file_is_opened_by_cookie(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, _ = pair
    media = await upload(client, ann, "photo.jpg", a_jpeg())
    answer = await client.get(media["url"], headers={"cookie": f"chatly_access={ann.token}"})

    assert answer.status_code == 200


async def test_a_signed_link_needs_no_token_and_cannot_be_changed(
    client: httpx.AsyncClient, pair: tuple[Person, Person]
) -> None:
    ann, _ = pair
    media = await upload(client, ann, "paper.pdf", PDF)
    other = await upload(client, ann, "other.pdf", PDF + b"\n")
    link = (await client.get(f"/api/media/{media['media_id']}/url", headers=ann.headers)).json()["url"]
    opened_by_link = await client.get(link)
    of_other_file = await client.get(link.replace(media["media_id"], other["media_id"]))
    for_longer = await client.get(link.replace("exp=", "exp=9"))

    assert opened_by_link.content == PDF
    for refused in (of_other_file, for_longer):
        assert (refused.status_code, reason(refused)) == (403, "LINK_INVALID")


async def test_users_outside_the_chat_get_neither_file_nor_link(
    mesh: Mesh, client: httpx.AsyncClient, pair: tuple[Person, Person]
) -> None:
    ann, bob = pair
    eve = await somebody(mesh, "eve")
    media = await upload(client, ann, "paper.pdf", PDF)
    await send(client, ann, bob, "for you", media_ids=[media["media_id"]])
    for path in (media["url"], f"/api/media/{media['media_id']}", f"/api/media/{media['media_id']}/url"):
        stranger = await client.get(path, headers=eve.headers)
        nobody = await client.get(path)

        assert (stranger.status_code, reason(stranger)) == (403, "MEDIA_FORBIDDEN")
        assert (nobody.status_code, reason(nobody)) == (401, "TOKEN_MISSING")


@pytest.mark.parametrize("path", ["/api/uploads/{}", "/api/media/{}", "/api/media/{}/url"])
async def test_deleting_for_everyone_deletes_the_file(
    client: httpx.AsyncClient, pair: tuple[Person, Person], path: str
) -> None:
    ann, bob = pair
    media = await upload(client, ann, "paper.pdf", PDF)
    message = await send(client, ann, bob, "oops", media_ids=[media["media_id"]])
    await client.delete(f"/api/messages/{bob.user_id}/{message['message_id']}/everyone", headers=ann.headers)

    async with asyncio.timeout(10):
        while (answer := await client.get(path.format(media["media_id"]), headers=bob.headers)).status_code != 404:
            pass
    assert reason(answer) == "MEDIA_NOT_FOUND"
