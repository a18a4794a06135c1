"""Every screen of the client, one after the other, as one person comes to them."""

from collections.abc import AsyncIterator
from pathlib import Path

from playwright.async_api import expect

from mesh.demo.script import PASSWORD
from tests.web.people import account
from tests.web.screen import Account, Screen

MAYA = Account("Maya", "maya@demo.example", PASSWORD)
GROUP = "Launch"
SETTINGS = ("Profile", "Status", "Security", "Blocked people", "Appearance")


async def before_the_door(screen: Screen) -> AsyncIterator[str]:
    """Names the screens that a stranger sees, each while it is there; ends in an empty home."""
    yield "log in"
    await screen.page.get_by_role("button", name="Create account").click()
    await screen.page.get_by_role("button", name="Create account").click()
    await screen.page.get_by_role("alert").first.wait_for()
    yield "register"
    await screen.page.get_by_role("button", name="Log in").click()
    await screen.register(account("new"))
    await screen.page.get_by_text("No chats yet").wait_for()
    yield "no chats"
    await screen.log_out()
    await screen.page.get_by_role("heading", name="Welcome back").wait_for()


async def chats(screen: Screen) -> AsyncIterator[str]:
    """The list, a chat, and what opens over a message; for somebody whose mesh is full of talk."""
    page = screen.page
    await screen.chat_row(GROUP).wait_for()
    yield "chats"
    await screen.open_chat(GROUP)
    await screen.messages.last.wait_for()
    yield "chat"
    await screen.messages.last.locator("[data-bubble]").click(button="right")
    await page.get_by_role("menu").wait_for()
    yield "message menu"
    await page.get_by_role("menuitem", name="More emoji").click()
    await page.get_by_role("searchbox", name="Search emoji").wait_for()
    yield "emoji picker"
    await page.keyboard.press("Escape")
    await screen.messages.last.locator("[data-bubble]").click(button="right")
    await page.get_by_role("menuitem", name="Delete for me").click()
    await page.get_by_role("alertdialog").wait_for()
    yield "delete"
    await page.get_by_role("button", name="Cancel").click()


async def writing(screen: Screen, photo: Path) -> AsyncIterator[str]:
    """The message box with all that it can hold, and a picture in large."""
    page = screen.page
    await screen.messages.last.locator("[data-bubble]").click(button="right")
    await page.get_by_role("menuitem", name="Reply").click()
    await screen.composer.fill("Like this?")
    await screen.attach(photo)
    await page.get_by_role("button", name=f"Remove {photo.name}").wait_for()
    yield "composer"
    await screen.composer.press("Enter")
    await expect(screen.tick("Like this?").last).to_be_visible()
    await page.get_by_role("button", name=f"Open picture {photo.name}").last.click()
    await expect(screen.dialog.get_by_role("img")).to_have_js_property("complete", value=True)
    yield "picture"
    await page.keyboard.press("Escape")
    await screen.dialog.wait_for(state="hidden")


async def search(screen: Screen) -> AsyncIterator[str]:
    """The words of a chat."""
    page = screen.page
    await page.get_by_role("button", name="Search in this chat").click()
    await screen.panel.get_by_label("Words in messages").fill("like")
    await screen.panel.get_by_role("listitem").first.wait_for()
    yield "search"
    await screen.panel.get_by_label("Words in messages").fill("nowhere to be found")
    await screen.panel.get_by_role("heading", name="Nothing found").wait_for()
    yield "search in vain"
    await screen.panel.get_by_role("button", name="Close").click()
    await screen.panel.wait_for(state="hidden")


async def details(screen: Screen) -> AsyncIterator[str]:
    """Of a group and of a person."""
    page = screen.page
    await screen.open_details()
    yield "group"
    await screen.panel.get_by_role("button", name="Actions for").first.click()
    await page.get_by_role("menuitem", name="Remove from group").wait_for()
    yield "member menu"
    await page.keyboard.press("Escape")
    await screen.panel.get_by_role("button", name="Jonas").first.click()
    await screen.panel.get_by_role("heading", name="Jonas").wait_for()
    yield "person"
    for _ in range(2):
        await screen.panel.get_by_role("button", name="Close").click()
    await screen.panel.wait_for(state="hidden")


async def dialogs(screen: Screen) -> AsyncIterator[str]:
    """Above the chats: begins and ends there."""
    page = screen.page
    await screen.open_own_menu()
    await page.get_by_role("menuitem", name="Settings").wait_for()
    yield "own menu"
    await page.keyboard.press("Escape")
    for tab in SETTINGS:
        await screen.open_settings(tab)
        yield f"settings {tab.lower()}"
        await screen.close_dialog()
    await screen.open_settings("Security")
    await page.get_by_role("button", name="Delete account").click()
    await page.get_by_label("Your password").wait_for()
    yield "delete account"
    for left in (1, 0):
        await page.keyboard.press("Escape")
        await expect(screen.dialog).to_have_count(left)
    for what in ("New chat", "New group"):
        await screen.open_new(what)
        await screen.search_people("Jonas")
        await screen.dialog.get_by_role("button", name="Jonas").wait_for()
        yield what.lower()
        await screen.close_dialog()
    await screen.open_own_menu()
    await page.get_by_role("menuitem", name="Keyboard shortcuts").click()
    await screen.dialog.wait_for()
    yield "shortcuts"
    await screen.close_dialog()
