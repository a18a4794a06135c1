"""POST /api/upload/message: uploads over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.problems import metadata, reason, violations
from tests.rpc.media.harness import ANN, BOB, MediaNode, running_media
from tests.unit.media.samples import PDF, a_jpeg
from tests.waiting import eventually

PATH = "/api/upload/message"


async def test_a_form_returns_url_type_and_name_and_the_media(node: MediaNode) -> None:
    response = await node.http.post(
        PATH, headers=node.header(ANN), data={"note": "x"}, files={"file": ("rép\\ort.pdf", PDF, "image/png")}
    )

    body = response.json()
    assert response.status_code == 200
    assert (body["url"], body["type"], body["name"]) == (
        f"/api/uploads/{body['media_id']}",
        "application/pdf",
        "ort.pdf",
    )
    assert (body["size_bytes"], body["sha256"]) == (str(len(PDF)), sha256(PDF).hexdigest())
    assert (await node.http.get(body["url"], headers=node.header(ANN))).content == PDF


async def test_the_body_may_be_the_file(node: MediaNode) -> None:
    response = await node.http.post(
        PATH, params={"file_name": "Grüße.pdf"}, headers=node.header(ANN, **{"content-type": "image/png"}), content=PDF
    )

    assert (response.status_code, response.json()["name"], response.json()["type"]) == (
        200,
        "Grüße.pdf",
        "application/pdf",
    )


async def test_the_access_cookie_authenticates(node: MediaNode) -> None:
    cookie = {"cookie": f"chatly_access={node.served.token_for(ANN)}"}

    response = await node.http.post(PATH, headers=cookie, files={"file": ("a.pdf", PDF)})

    assert response.status_code == 200


async def test_a_user_has_a_limited_number_of_uploads_in_progress(tmp_path: Path) -> None:
    path, ended = f"{PATH}?file_name=a.pdf", asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield PDF
        await ended.wait()

    async with running_media(tmp_path, uploads_at_once=1) as node:
        headers = node.header(ANN, **{"content-type": "application/pdf"})
        first = asyncio.create_task(node.http.post(path, headers=headers, content=slow()))
        await eventually(lambda: len(node.kept_files()) == 1)

        response = await node.http.post(path, headers=headers, content=PDF)
        assert (response.status_code, reason(response)) == (429, "RATE_LIMITED")
        other = node.header(BOB, **{"content-type": "application/pdf"})
        assert (await node.http.post(path, headers=other, content=PDF)).status_code == 200

        ended.set()
        assert (await first).status_code == 200
        assert (await node.http.post(path, headers=headers, content=PDF)).status_code == 200


@pytest.mark.parametrize("way", ["form", "body"])
async def test_a_file_that_is_too_large_is_rejected_with_the_limit(tmp_path: Path, way: str) -> None:
    data = PDF + b"x" * 1_000
    async with running_media(tmp_path, max_bytes=1_000) as node:
        if way == "form":
            response = await node.http.post(PATH, headers=node.header(ANN), files={"file": ("a.pdf", data)})
        else:
            response = await node.http.post(f"{PATH}?file_name=a", headers=node.header(ANN), content=data)

        assert response.status_code == 400
        assert (reason(response), metadata(response)) == ("FILE_TOO_LARGE", {"limit_bytes": "1000"})
        assert node.kept_files() == []


async def test_html_is_rejected_by_its_content(node: MediaNode) -> None:
    response = await node.http.post(PATH, headers=node.header(ANN), files={"file": ("a.txt", b"<html>", "text/plain")})

    assert (response.status_code, reason(response)) == (400, "FILE_TYPE_NOT_ALLOWED")
    assert metadata(response) == {"detected_type": "text/html"}


async def test_a_missing_file_or_name_is_rejected_by_field(node: MediaNode) -> None:
    no_file = await node.http.post(PATH, headers=node.header(ANN), files={"other": ("a.pdf", PDF)})
    no_name = await node.http.post(PATH, headers=node.header(ANN), content=PDF)

    assert list(violations(no_file)) == ["file"]
    assert list(violations(no_name)) == ["file_name"]
    assert node.kept_files() == []


async def test_a_broken_form_is_malformed(node: MediaNode) -> None:
    response = await node.http.post(
        PATH,
        headers=node.header(ANN, **{"content-type": "multipart/form-data; boundary=x"}),
        content=b"--x\r\nnonsense",
    )

    assert (response.status_code, reason(response)) == (400, "MALFORMED_REQUEST")


async def test_an_upload_without_a_token_is_rejected(node: MediaNode) -> None:
    response = await node.http.post(PATH, files={"file": ("a.pdf", PDF)})

    assert (response.status_code, reason(response)) == (401, "TOKEN_MISSING")


async def test_an_interrupted_upload_leaves_nothing(node: MediaNode) -> None:
    async def half() -> AsyncIterator[bytes]:
        yield a_jpeg()[:500]
        await asyncio.Event().wait()

    posting = asyncio.create_task(node.http.post(f"{PATH}?file_name=a", headers=node.header(ANN), content=half()))
    await eventually(lambda: len(node.kept_files()) == 1)

    posting.cancel()

    await eventually(lambda: node.kept_files() == [])
