"""GET and PUT /api/profile/me, as JSON and as a form with a picture."""

import httpx

from tests.e2e.people import Person
from tests.problems import reason, violations
from tests.unit.media.samples import PDF, a_jpeg


async def test_a_profile_is_read(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, _ = pair
    answer = await client.get("/api/profile/me", headers=ann.headers)

    user = answer.json()["user"]
    assert (user["user_id"], user["username"], user["email"]) == (ann.user_id, ann.username, ann.email)


async def test_a_profile_is_changed_by_json(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, bob = pair
    changed = await client.put("/api/profile/me", json={"bio": "Tea, then trains."}, headers=ann.headers)
    seen = await client.get(f"/api/users/{ann.user_id}", headers=bob.headers)

    assert (changed.status_code, changed.json()["user"]["bio"]) == (200, "Tea, then trains.")
    assert seen.json()["user"]["bio"] == "Tea, then trains."


async def test_a_profile_is_changed_by_a_form_with_a_picture(
    client: httpx.AsyncClient, pair: tuple[Person, Person]
) -> None:
    ann, bob = pair
    changed = await client.put(
        "/api/profile/me", data={"bio": "With a face."}, files={"avatar": ("me.jpg", a_jpeg())}, headers=ann.headers
    )
    assert changed.status_code == 200, changed.text
    user = changed.json()["user"]
    picture = await client.get(user["avatar_url"], headers=bob.headers)

    assert user["bio"] == "With a face."
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/jpeg")


async def test_both_forms_answer_alike(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, _ = pair
    by_json = await client.put("/api/profile/me", json={"bio": "a"}, headers=ann.headers)
    by_form = await client.put("/api/profile/me", files={"bio": (None, "b")}, headers=ann.headers)

    assert by_json.json().keys() == by_form.json().keys()
    assert by_json.json()["user"].keys() == by_form.json()["user"].keys()


async def test_a_picture_must_be_an_image(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, _ = pair
    answer = await client.put("/api/profile/me", files={"avatar": ("me.jpg", PDF)}, headers=ann.headers)

    assert (answer.status_code, reason(answer)) == (400, "FILE_TYPE_NOT_ALLOWED")


async def test_too_long_a_bio_is_refused_in_both_forms(client: httpx.AsyncClient, pair: tuple[Person, Person]) -> None:
    ann, _ = pair
    by_json = await client.put("/api/profile/me", json={"bio": "x" * 501}, headers=ann.headers)
    by_form = await client.put("/api/profile/me", files={"bio": (None, "x" * 501)}, headers=ann.headers)

    for answer in (by_json, by_form):
        assert (answer.status_code, reason(answer)) == (400, "INVALID_FIELD")
        assert violations(answer) == {"bio": "must be at most 500 characters, got 501"}
