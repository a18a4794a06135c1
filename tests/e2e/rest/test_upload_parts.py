"""POST /api/upload and PUT, GET and POST …/complete on /api/upload/{upload_id}: a file in parts."""

from base64 import b64encode
from typing import Any

import httpx

from tests.e2e.mesh import Mesh
from tests.e2e.people import Person, somebody
from tests.problems import reason
from tests.unit.media.samples import PDF

MIB = 1024 * 1024


async def begin(client: httpx.AsyncClient, owner: Person, name: str, size: int) -> dict[str, Any]:
    start = {"file_name": name, "size_bytes": str(size)}
    answer = await client.post("/api/upload", json={"start": start}, headers=owner.headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def put_part(
    client: httpx.AsyncClient, owner: Person, upload_id: str, offset: int, data: bytes
) -> httpx.Response:
    body = {"offset": str(offset), "data": b64encode(data).decode()}
    return await client.put(f"/api/upload/{upload_id}", json=body, headers=owner.headers)


async def test_a_file_is_uploaded_in_parts(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, _ = pair
    upload_id = (await begin(client, ann, "paper.pdf", len(PDF)))["upload_id"]
    first = await put_part(client, ann, upload_id, 0, PDF[:10])
    reached = await client.get(f"/api/upload/{upload_id}", headers=ann.headers)
    second = await put_part(client, ann, upload_id, 10, PDF[10:])
    completed = await client.post(f"/api/upload/{upload_id}/complete", json={}, headers=ann.headers)
    media = completed.json()["media"]
    downloaded = await client.get(media["url"], headers=ann.headers)

    assert [answer.json()["received_bytes"] for answer in (first, reached, second)] == ["10", "10", str(len(PDF))]
    assert (reached.json()["size_bytes"], completed.status_code) == (str(len(PDF)), 200)
    assert (media["content_type"], media["file_name"]) == ("application/pdf", "paper.pdf")
    assert downloaded.content == PDF


async def test_a_part_may_be_as_large_as_the_service_says(
    client: httpx.AsyncClient, pair: tuple[Person, Person]
) -> None:
    ann, _ = pair
    file = PDF.ljust(MIB + 1, b"\n")
    upload = await begin(client, ann, "large.pdf", len(file))
    largest = upload["max_part_bytes"]
    whole = await put_part(client, ann, upload["upload_id"], 0, file[:largest])
    too_large = await put_part(client, ann, upload["upload_id"], 0, file[: largest + 1])

    assert (whole.status_code, whole.json()) == (200, {"received_bytes": str(largest)})
    assert (too_large.status_code, reason(too_large)) == (400, "INVALID_FIELD")


async def test_a_part_at_the_wrong_offset_is_refused(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, _ = pair
    upload_id = (await begin(client, ann, "paper.pdf", len(PDF)))["upload_id"]
    answer = await put_part(client, ann, upload_id, 5, PDF[5:])

    assert (answer.status_code, reason(answer)) == (409, "WRONG_OFFSET")


async def test_an_upload_of_somebody_else_is_not_found(
    mesh: Mesh, client: httpx.AsyncClient, pair: tuple[Person, Person]
) -> None:
    ann, _ = pair
    eve = await somebody(mesh, "eve")
    upload_id = (await begin(client, ann, "paper.pdf", len(PDF)))["upload_id"]
    for answer in (
        await put_part(client, eve, upload_id, 0, PDF),
        await client.get(f"/api/upload/{upload_id}", headers=eve.headers),
        await client.post(f"/api/upload/{upload_id}/complete", json={}, headers=eve.headers),
    ):
        assert (answer.status_code, reason(answer)) == (404, "UPLOAD_NOT_FOUND")
