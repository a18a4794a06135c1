"""A user's own account: changing the password, downloading the data, and deleting the account."""

import zipfile

import pytest
from playwright.async_api import Locator, expect

from tests.web.people import People, account
from tests.web.routing import hold_requests
from tests.web.screen import Screen


def delete_dialog(screen: Screen) -> Locator:
    return screen.page.get_by_role("dialog", name="Delete your account?")


async def position(screen: Screen, button: str) -> tuple[float, float]:
    """Return the position of a button in the dialog, in pixels."""
    box = await screen.dialog.get_by_role("button", name=button, exact=True).bounding_box()
    assert box is not None
    return box["x"], box["y"]


async def test_a_new_password_logs_in_and_the_old_one_does_not(people: People) -> None:
    ann = await people.visitor()
    her = account("ann")
    await ann.register(her)
    await ann.open_settings("Security")
    await ann.page.get_by_label("Current password").fill(her.password)
    await ann.page.get_by_label("New password").fill("another horse entirely")
    await ann.page.get_by_role("button", name="Change password").click()
    await expect(ann.page.get_by_text("Your password has been changed.")).to_be_visible()
    await ann.page.keyboard.press("Escape")
    await ann.log_out()

    await ann.page.get_by_label("Email address").fill(her.email)
    await ann.page.get_by_label("Password", exact=True).fill(her.password)
    await ann.page.get_by_role("button", name="Log in").click()
    await expect(ann.page.get_by_role("alert")).to_contain_text("Incorrect email address or password")
    await ann.page.get_by_label("Password", exact=True).fill("another horse entirely")
    await ann.page.get_by_role("button", name="Log in").click()

    await expect(ann.chats).to_be_visible()


async def test_no_button_moves_when_the_sessions_load(people: People) -> None:
    ann, her = await people.visitor(), account("ann")
    await ann.register(her)
    for _ in range(3):
        await (await people.visitor()).log_in(her)
    release = await hold_requests(ann.page, "**/chatly.auth.v1.AuthService/ListSessions")
    await ann.open_settings("Security")
    before = [await position(ann, name) for name in ("Log out", "Delete account")]
    await expect(ann.dialog.get_by_text("This device")).to_have_count(0)

    release.set()

    await expect(ann.dialog.get_by_text("This device")).to_be_visible()
    for name, where in zip(("Log out", "Delete account"), before, strict=True):
        assert await position(ann, name) == pytest.approx(where, abs=1)


async def test_an_account_is_deleted_only_with_its_password(people: People) -> None:
    ann = await people.member("ann")
    await ann.open_settings("Security")
    await ann.page.get_by_role("button", name="Delete account").click()

    await expect(delete_dialog(ann)).to_contain_text("This can't be undone")
    await delete_dialog(ann).get_by_label("Enter your password to confirm").fill("a wild guess")
    await delete_dialog(ann).get_by_role("button", name="Delete account").click()

    await expect(delete_dialog(ann).get_by_role("alert")).to_contain_text("Incorrect password")
    await ann.page.keyboard.press("Escape")
    await ann.page.keyboard.press("Escape")
    await expect(ann.chats).to_be_visible()


async def test_a_deleted_account_leaves_nothing_in_the_browser_and_its_messages_to_others(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("Farewell")
    await expect(bob.message("Farewell")).to_be_visible()
    await ann.open_settings("Security")
    await ann.page.get_by_role("button", name="Delete account").click()
    await delete_dialog(ann).get_by_label("Enter your password to confirm").fill("correct horse battery")
    await delete_dialog(ann).get_by_role("button", name="Delete account").click()

    await expect(ann.page.get_by_role("heading", name="Welcome back")).to_be_visible()
    stored = await ann.page.evaluate("indexedDB.databases().then(found => [found.length, localStorage.length])")
    assert stored == [0, 0]
    await bob.page.reload()
    await expect(bob.message("Farewell")).to_be_visible()
    await expect(bob.page.get_by_role("heading", name="Deleted account")).to_be_visible()


async def test_a_deleted_account_takes_its_messages_with_it_if_the_user_chooses(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("Forget this")
    await expect(bob.message("Forget this")).to_be_visible()
    await ann.open_settings("Security")
    await ann.page.get_by_role("button", name="Delete account").click()
    await expect(delete_dialog(ann).get_by_role("radio", name="Keep them")).to_be_checked()
    await delete_dialog(ann).get_by_role("radio", name="Delete them with their files, for everyone").check()
    await delete_dialog(ann).get_by_label("Enter your password to confirm").fill("correct horse battery")
    await delete_dialog(ann).get_by_role("button", name="Delete account").click()

    await expect(ann.page.get_by_role("heading", name="Welcome back")).to_be_visible()
    await expect(bob.message("Forget this")).to_have_count(0)
    await expect(bob.page.get_by_text("This message was deleted")).to_be_visible()


async def test_the_user_downloads_their_data(people: People) -> None:
    ann, _ = await people.pair()
    await ann.send("In the archive")
    await ann.open_settings("Security")
    async with ann.page.expect_download() as started:
        await ann.page.get_by_role("button", name="Download my data").click()

    download = await started.value
    assert download.suggested_filename.startswith("chatly-data-")
    with zipfile.ZipFile(await download.path()) as archive:
        assert archive.namelist()[-1] == "COMPLETE.txt"
        assert b"In the archive" in archive.read("messages.jsonl")
