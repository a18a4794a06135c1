"""One's own account: another password, and the way out for good."""

import pytest
from playwright.async_api import Locator, expect

from tests.web.late import held_back
from tests.web.people import People, account
from tests.web.screen import Screen


def question(screen: Screen) -> Locator:
    return screen.page.get_by_role("dialog", name="Delete your account for good?")


async def place(screen: Screen, button: str) -> tuple[float, float]:
    """Where a button of the dialog is, in pixels."""
    box = await screen.dialog.get_by_role("button", name=button, exact=True).bounding_box()
    assert box is not None
    return box["x"], box["y"]


async def test_a_new_password_opens_the_door_and_the_old_one_does_not(people: People) -> None:
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

    await ann.page.get_by_label("E-mail address").fill(her.email)
    await ann.page.get_by_label("Password", exact=True).fill(her.password)
    await ann.page.get_by_role("button", name="Log in").click()
    await expect(ann.page.get_by_role("alert")).to_contain_text("password is wrong")
    await ann.page.get_by_label("Password", exact=True).fill("another horse entirely")
    await ann.page.get_by_role("button", name="Log in").click()

    await expect(ann.chats).to_be_visible()


async def test_nothing_moves_under_the_hand_when_the_sessions_come(people: People) -> None:
    ann, her = await people.visitor(), account("ann")
    await ann.register(her)
    for _ in range(3):
        await (await people.visitor()).log_in(her)
    come = await held_back(ann.page, "**/chatly.auth.v1.AuthService/ListSessions")
    await ann.open_settings("Security")
    before = [await place(ann, name) for name in ("Log out", "Delete account")]
    await expect(ann.dialog.get_by_text("This device")).to_have_count(0)

    come.set()

    await expect(ann.dialog.get_by_text("This device")).to_be_visible()
    for name, where in zip(("Log out", "Delete account"), before, strict=True):
        assert await place(ann, name) == pytest.approx(where, abs=1)


async def test_an_account_is_deleted_only_with_its_password(people: People) -> None:
    ann = await people.member("ann")
    await ann.open_settings("Security")
    await ann.page.get_by_role("button", name="Delete account").click()

    await expect(question(ann)).to_contain_text("nobody can bring them back")
    await question(ann).get_by_label("Your password").fill("a wild guess")
    await question(ann).get_by_role("button", name="Delete for good").click()

    await expect(question(ann).get_by_role("alert")).to_contain_text("password is wrong")
    await ann.page.keyboard.press("Escape")
    await ann.page.keyboard.press("Escape")
    await expect(ann.chats).to_be_visible()


async def test_a_deleted_account_leaves_nothing_here_and_its_messages_to_the_others(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("Farewell")
    await expect(bob.message("Farewell")).to_be_visible()
    await ann.open_settings("Security")
    await ann.page.get_by_role("button", name="Delete account").click()
    await question(ann).get_by_label("Your password").fill("correct horse battery")
    await question(ann).get_by_role("button", name="Delete for good").click()

    await expect(ann.page.get_by_role("heading", name="Welcome back")).to_be_visible()
    kept = await ann.page.evaluate("indexedDB.databases().then(found => [found.length, localStorage.length])")
    assert kept == [0, 0]
    await bob.page.reload()
    await expect(bob.message("Farewell")).to_be_visible()
    await expect(bob.page.get_by_role("heading", name="Deleted account")).to_be_visible()
