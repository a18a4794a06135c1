"""Visits every screen of the client, in the order in which a user reaches them."""

from collections.abc import AsyncIterator
from pathlib import Path

from playwright.async_api import expect

from mesh.demo.script import PASSWORD
from tests.web.people import account
from tests.web.screen import Account, Screen

MAYA = Account("Maya", "maya@demo.example", PASSWORD)
GROUP = "Launch"
SETTINGS = ("Profile", "Status", "Security", "Blocked people", "Appearance")


async def login(screen: Screen) -> AsyncIterator[str]:
    """Yield the name of each screen before the login while it is open; end with a logged-out user."""
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
    """Yield the list, a chat, and the menus of a message."""
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


async def composer(screen: Screen, photo: Path) -> AsyncIterator[str]:
    """Yield the composer with a reply and a file, and the lightbox."""
    page = screen.page
    await screen.messages.last.locator("[data-bubble]").click(button="right")
    await page.get_by_role("menuitem", name="Reply").click()
    await screen.composer.fill("Like this?")
    await screen.attach(photo)
    await page.get_by_role("button", name=f"Remove {photo.name}").wait_for()
    yield "composer"
    await screen.composer.press("Enter")
    await expect(screen.tick("Like this?").last).to_be_visible()
    await page.get_by_role("button", name=f"Open image {photo.name}").last.click()
    await expect(screen.dialog.get_by_role("img")).to_have_js_property("complete", value=True)
    yield "picture"
    await page.keyboard.press("Escape")
    await screen.dialog.wait_for(state="hidden")


async def search(screen: Screen) -> AsyncIterator[str]:
    """Yield a search with hits, and one without."""
    page = screen.page
    await page.get_by_role("button", name="Search in this chat").click()
    await screen.panel.get_by_label("Search messages").fill("like")
    await screen.panel.get_by_role("listitem").first.wait_for()
    yield "search"
    await screen.panel.get_by_label("Search messages").fill("nowhere to be found")
    await screen.panel.get_by_role("heading", name="No results").wait_for()
    yield "search without hits"
    await screen.panel.get_by_role("button", name="Close").click()
    await screen.panel.wait_for(state="hidden")


async def details(screen: Screen) -> AsyncIterator[str]:
    """Yield the details of a group and of a person."""
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
    """Yield the user's own menu and every dialog."""
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
    await page.get_by_label("Enter your password to confirm").wait_for()
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
