"""UpdateMe over gRPC."""

from pathlib import Path

import pytest
from chatly.auth.v1 import user_service_pb2 as pb
from chatly.media.v1.media_service_pb2 import MEDIA_PURPOSE_AVATAR, MEDIA_PURPOSE_MESSAGE, Media
from google.protobuf.field_mask_pb2 import FieldMask

from kernel.errors import Code, KernelReason
from services.auth.errors import AuthReason
from services.media.errors import MediaReason
from tests.builders import an_id
from tests.fakes import FakeClock
from tests.rpc.auth.conftest import serving_auth
from tests.rpc.auth.fake_media import FakeMedia
from tests.rpc.auth.harness import AuthClient, Person, error_of


async def update(auth: AuthClient, person: Person, *paths: str, **fields: str) -> pb.User:
    request = pb.UpdateMeRequest(**fields, update_mask=FieldMask(paths=paths) if paths else None)
    response: pb.UpdateMeResponse = await auth.users.UpdateMe(request, metadata=person.metadata)
    return response.user


def an_avatar(media: FakeMedia, person: Person) -> str:
    media_id = an_id()
    media.files[media_id] = Media(media_id=media_id, owner_id=person.user_id, purpose=MEDIA_PURPOSE_AVATAR)
    return media_id


async def test_without_a_mask_all_fields_that_are_not_empty_change(auth: AuthClient, clock: FakeClock) -> None:
    person = await auth.person("alice")
    clock.advance(60)

    user = await update(auth, person, username="Alix", bio="Hello 👋")
    assert (user.username, user.bio, user.email) == ("Alix", "Hello 👋", "alice@example.org")
    assert user.updated_at.seconds == user.created_at.seconds + 60

    user = await update(auth, person, username="", bio="Still here")
    assert (user.username, user.bio) == ("Alix", "Still here")


async def test_a_reserved_name_is_rejected(auth: AuthClient) -> None:
    person = await auth.person("alice")

    request = pb.UpdateMeRequest(username="Support")
    error = await error_of(auth.users.UpdateMe(request, metadata=person.metadata))

    assert (error.reason, error.violations[0].field) == (KernelReason.INVALID_FIELD, "username")
    assert (await update(auth, person, username="ALICE")).username == "ALICE"


async def test_with_a_mask_its_fields_change_and_may_be_cleared(auth: AuthClient) -> None:
    person = await auth.person("alice")
    await update(auth, person, bio="Hello")

    user = await update(auth, person, "bio", bio="", username="ignored")

    assert (user.username, user.bio) == ("alice", "")


async def test_an_empty_change_is_accepted(auth: AuthClient) -> None:
    person = await auth.person("alice")

    assert (await update(auth, person)).username == "alice"


@pytest.mark.parametrize(
    ("paths", "fields", "field"),
    [
        (("email",), {}, "update_mask"),
        (("bio", "user_id"), {"bio": "Hi"}, "update_mask"),
        (("*",), {}, "update_mask"),
        (("username",), {}, "username"),
        ((), {"username": "no spaces"}, "username"),
        ((), {"username": "alice\u034f"}, "username"),
        ((), {"bio": "x" * 501}, "bio"),
        ((), {"avatar_media_id": "me.png"}, "avatar_media_id"),
    ],
)
async def test_invalid_changes_are_rejected_by_field(
    auth: AuthClient, paths: tuple[str, ...], fields: dict[str, str], field: str
) -> None:
    person = await auth.person("alice")

    error = await error_of(update(auth, person, *paths, **fields))

    assert error.reason == KernelReason.INVALID_FIELD
    assert [violation.field for violation in error.violations] == [field]


async def test_a_taken_name_is_rejected_and_ones_own_may_change_case(auth: AuthClient) -> None:
    person = await auth.person("alice")
    await auth.register("Bob")

    assert (await error_of(update(auth, person, username="BOB"))).reason == AuthReason.USERNAME_TAKEN
    assert (await update(auth, person, username="ALICE")).username == "ALICE"


async def test_ones_own_avatar_is_shown_to_all_until_it_is_removed(auth: AuthClient, media: FakeMedia) -> None:
    alice, bob = await auth.person("alice"), await auth.person("bob")
    media_id = an_avatar(media, alice)

    user = await update(auth, alice, avatar_media_id=media_id)

    assert (user.avatar_media_id, user.avatar_url) == (media_id, f"/api/uploads/{media_id}")
    assert media.tokens == [alice.login.token]
    shown = await auth.users.GetUser(pb.GetUserRequest(user_id=alice.user_id), metadata=bob.metadata)
    assert shown.user.avatar_url == user.avatar_url
    assert (await update(auth, alice, "avatar_media_id")).avatar_url == ""


async def test_an_unknown_file_is_rejected_as_avatar(auth: AuthClient) -> None:
    person = await auth.person("alice")

    error = await error_of(update(auth, person, avatar_media_id=an_id()))

    assert (error.code, error.reason) == (Code.NOT_FOUND, MediaReason.MEDIA_NOT_FOUND)


async def test_pictures_of_others_and_message_files_are_rejected_as_avatar(auth: AuthClient, media: FakeMedia) -> None:
    alice, bob = await auth.person("alice"), await auth.person("bob")
    not_mine, not_a_picture = an_avatar(media, bob), an_avatar(media, alice)
    media.files[not_a_picture].purpose = MEDIA_PURPOSE_MESSAGE

    for media_id in (not_mine, not_a_picture):
        error = await error_of(update(auth, alice, bio="changed?", avatar_media_id=media_id))
        assert (error.code, error.reason) == (Code.PERMISSION_DENIED, AuthReason.MEDIA_FORBIDDEN)
    user = (await auth.users.GetMe(pb.GetMeRequest(), metadata=alice.metadata)).user
    assert (user.bio, user.avatar_url) == ("", "")


async def test_without_the_media_service_only_the_avatar_cannot_change(tmp_path: Path, clock: FakeClock) -> None:
    async with serving_auth(tmp_path, clock) as auth:
        person = await auth.person("alice")

        error = await error_of(update(auth, person, bio="Hi", avatar_media_id=an_id()))

        assert (error.code, error.reason) == (Code.UNAVAILABLE, KernelReason.SERVICE_UNAVAILABLE)
        assert (await update(auth, person, bio="Hi")).bio == "Hi"
