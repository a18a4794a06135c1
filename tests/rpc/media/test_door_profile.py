"""PUT /api/profile/me as a form: picture and text in one go."""

from pathlib import Path

import pytest

from tests.problems import reason, violations
from tests.rpc.media.house import ANN, EVE, House, a_house
from tests.unit.media.samples import PDF, a_jpeg

PATH = "/api/profile/me"


async def test_the_picture_is_stored_and_the_profile_changed(house: House) -> None:
    response = await house.http.put(
        PATH,
        headers=house.header(ANN),
        data={"username": "ann", "bio": "Grüße 👋"},
        files={"avatar": ("me.jpg", a_jpeg())},
    )

    user = response.json()["user"]
    assert response.status_code == 200
    assert (user["user_id"], user["username"], user["bio"]) == (ANN, "ann", "Grüße 👋")
    picture = await house.http.get(f"/api/uploads/{user['avatar_media_id']}", headers=house.header(EVE))
    assert picture.headers["content-type"] == "image/jpeg"


async def test_only_what_the_form_has_is_changed(house: House) -> None:
    # An empty file field is what a browser sends when no picture was chosen.
    await house.http.put(PATH, headers=house.header(ANN), files={"bio": (None, ""), "avatar": ("", b"")})

    ((caller, request),) = house.profiles.asked
    assert (caller, list(request.update_mask.paths), request.bio) == (ANN, ["bio"], "")


async def test_a_picture_must_be_an_image_and_not_too_large(tmp_path: Path) -> None:
    async with a_house(tmp_path, avatar_max_bytes=600) as house:
        document = await house.http.put(PATH, headers=house.header(ANN), files={"avatar": ("me.jpg", PDF)})
        large = await house.http.put(PATH, headers=house.header(ANN), files={"avatar": ("me.jpg", a_jpeg(300, 300))})

        assert (document.status_code, reason(document)) == (400, "FILE_TYPE_NOT_ALLOWED")
        assert (large.status_code, reason(large)) == (400, "FILE_TOO_LARGE")
        assert house.profiles.asked == []
        assert house.kept_files() == []


async def test_what_the_auth_service_refuses_is_passed_on(house: House) -> None:
    response = await house.http.put(PATH, headers=house.header(ANN), files={"username": (None, "taken")})

    assert (response.status_code, reason(response)) == (409, "USERNAME_TAKEN")


@pytest.mark.parametrize("field", ["bio", "username"])
async def test_a_field_that_is_much_too_long_is_refused(house: House, field: str) -> None:
    response = await house.http.put(PATH, headers=house.header(ANN), files={field: (None, "x" * 20_000)})

    assert list(violations(response)) == [field]


async def test_json_is_not_this_doors_business(house: House) -> None:
    response = await house.http.put(PATH, headers=house.header(ANN), json={"bio": "x"})

    assert list(violations(response)) == ["content-type"]


async def test_nobody_changes_a_profile_without_a_token(house: House) -> None:
    response = await house.http.put(PATH, files={"bio": (None, "x")})

    assert (response.status_code, reason(response)) == (401, "TOKEN_MISSING")
