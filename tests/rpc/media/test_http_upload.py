"""POST /api/upload/message: uploads over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.problems import metadata, reason, violations
from tests.rpc.media.harness import ANN, MediaNode, running_media
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
