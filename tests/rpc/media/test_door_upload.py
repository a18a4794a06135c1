"""POST /api/upload/message: a file over plain HTTP."""

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from tests.problems import metadata, reason, violations
from tests.rpc.media.house import ANN, House, a_house
from tests.unit.media.samples import PDF, a_jpeg
from tests.waiting import eventually

PATH = "/api/upload/message"


async def test_a_form_gives_the_seeds_answer_and_more(house: House) -> None:
    response = await house.http.post(
        PATH, headers=house.header(ANN), data={"note": "x"}, files={"file": ("rép\\ort.pdf", PDF, "image/png")}
    )

    body = response.json()
    assert response.status_code == 200
    assert (body["url"], body["type"], body["name"]) == (
        f"/api/uploads/{body['media_id']}",
        "application/pdf",
        "ort.pdf",
    )
    assert (body["size_bytes"], body["sha256"]) == (str(len(PDF)), sha256(PDF).hexdigest())
    assert (await house.http.get(body["url"], headers=house.header(ANN))).content == PDF


async def test_the_body_itself_may_be_the_file(house: House) -> None:
    response = await house.http.post(
        PATH, params={"file_name": "Grüße.pdf"}, headers=house.header(ANN, **{"content-type": "image/png"}), content=PDF
    )

    assert (response.status_code, response.json()["name"], response.json()["type"]) == (
        200,
        "Grüße.pdf",
        "application/pdf",
    )


async def test_the_cookie_of_a_browser_is_enough(house: House) -> None:
    cookie = {"cookie": f"chatly_access={house.served.token_for(ANN)}"}

    response = await house.http.post(PATH, headers=cookie, files={"file": ("a.pdf", PDF)})

    assert response.status_code == 200


@pytest.mark.parametrize("way", ["form", "body"])
async def test_a_file_that_is_too_large_says_the_limit_and_leaves_nothing(tmp_path: Path, way: str) -> None:
    data = PDF + b"x" * 1_000
    async with a_house(tmp_path, max_bytes=1_000) as house:
        if way == "form":
            response = await house.http.post(PATH, headers=house.header(ANN), files={"file": ("a.pdf", data)})
        else:
            response = await house.http.post(f"{PATH}?file_name=a", headers=house.header(ANN), content=data)

        assert response.status_code == 400
        assert (reason(response), metadata(response)) == ("FILE_TOO_LARGE", {"limit_bytes": "1000"})
        assert house.kept_files() == []


async def test_html_is_refused_by_its_content(house: House) -> None:
    response = await house.http.post(
        PATH, headers=house.header(ANN), files={"file": ("a.txt", b"<html>", "text/plain")}
    )

    assert (response.status_code, reason(response)) == (400, "FILE_TYPE_NOT_ALLOWED")
    assert metadata(response) == {"detected_type": "text/html"}


async def test_a_form_without_the_file_and_a_body_without_a_name_say_what_is_missing(house: House) -> None:
    no_file = await house.http.post(PATH, headers=house.header(ANN), files={"other": ("a.pdf", PDF)})
    no_name = await house.http.post(PATH, headers=house.header(ANN), content=PDF)

    assert list(violations(no_file)) == ["file"]
    assert list(violations(no_name)) == ["file_name"]
    assert house.kept_files() == []


async def test_a_broken_form_is_malformed(house: House) -> None:
    response = await house.http.post(
        PATH,
        headers=house.header(ANN, **{"content-type": "multipart/form-data; boundary=x"}),
        content=b"--x\r\nnonsense",
    )

    assert (response.status_code, reason(response)) == (400, "MALFORMED_REQUEST")


async def test_nobody_uploads_without_a_token(house: House) -> None:
    response = await house.http.post(PATH, files={"file": ("a.pdf", PDF)})

    assert (response.status_code, reason(response)) == (401, "TOKEN_MISSING")


async def test_a_client_that_goes_away_half_way_leaves_nothing(house: House) -> None:
    async def half() -> AsyncIterator[bytes]:
        yield a_jpeg()[:500]
        await asyncio.Event().wait()

    posting = asyncio.create_task(house.http.post(f"{PATH}?file_name=a", headers=house.header(ANN), content=half()))
    await eventually(lambda: len(house.kept_files()) == 1)

    posting.cancel()

    await eventually(lambda: house.kept_files() == [])
