"""PUT /api/profile/me as a form with avatar and text."""

from pathlib import Path

import pytest

from tests.problems import reason, violations
from tests.rpc.media.harness import ANN, EVE, MediaNode, running_media
from tests.unit.media.samples import PDF, a_jpeg

PATH = "/api/profile/me"


async def test_the_avatar_is_stored_and_the_profile_updated(node: MediaNode) -> None:
    response = await node.http.put(
        PATH,
        headers=node.header(ANN),
        data={"username": "ann", "bio": "Grüße 👋"},
        files={"avatar": ("me.jpg", a_jpeg())},
    )

    user = response.json()["user"]
    assert response.status_code == 200
    assert (user["user_id"], user["username"], user["bio"]) == (ANN, "ann", "Grüße 👋")
    picture = await node.http.get(f"/api/uploads/{user['avatar_media_id']}", headers=node.header(EVE))
    assert picture.headers["content-type"] == "image/jpeg"


async def test_only_the_fields_of_the_form_change(node: MediaNode) -> None:
    # An empty file field is what a browser sends when no picture was chosen.
    await node.http.put(PATH, headers=node.header(ANN), files={"bio": (None, ""), "avatar": ("", b"")})

    ((caller, request),) = node.profiles.updates
    assert (caller, list(request.update_mask.paths), request.bio) == (ANN, ["bio"], "")


async def test_an_avatar_must_be_an_image_within_the_limit(tmp_path: Path) -> None:
    async with running_media(tmp_path, avatar_max_bytes=600) as node:
        document = await node.http.put(PATH, headers=node.header(ANN), files={"avatar": ("me.jpg", PDF)})
        large = await node.http.put(PATH, headers=node.header(ANN), files={"avatar": ("me.jpg", a_jpeg(300, 300))})

        assert (document.status_code, reason(document)) == (400, "FILE_TYPE_NOT_ALLOWED")
        assert (large.status_code, reason(large)) == (400, "FILE_TOO_LARGE")
        assert node.profiles.updates == []
        assert node.kept_files() == []


async def test_errors_of_the_auth_service_are_forwarded(node: MediaNode) -> None:
    response = await node.http.put(PATH, headers=node.header(ANN), files={"username": (None, "taken")})

    assert (response.status_code, reason(response)) == (409, "USERNAME_TAKEN")


@pytest.mark.parametrize("field", ["bio", "username"])
async def test_a_field_that_is_too_long_is_rejected(node: MediaNode, field: str) -> None:
    response = await node.http.put(PATH, headers=node.header(ANN), files={field: (None, "x" * 20_000)})

    assert list(violations(response)) == [field]


async def test_json_is_rejected(node: MediaNode) -> None:
    response = await node.http.put(PATH, headers=node.header(ANN), json={"bio": "x"})

    assert list(violations(response)) == ["content-type"]


async def test_an_update_without_a_token_is_rejected(node: MediaNode) -> None:
    response = await node.http.put(PATH, files={"bio": (None, "x")})

    assert (response.status_code, reason(response)) == (401, "TOKEN_MISSING")
