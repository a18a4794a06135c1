"""The client as one person sees it: what they do, and where on the page things are. Says no `assert`: tests do."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import BrowserContext, Locator, Page


@dataclass(frozen=True, slots=True)
class Account:
    username: str
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class Size:
    """Of a window, in CSS pixels."""

    width: int
    height: int

    @property
    def is_phone(self) -> bool:
        return self.width < 600


class Screen:
    """One tab. Everything is found by role and name, as somebody with a screen reader finds it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.name = ""
        """Of who is logged in."""

    @property
    def browser(self) -> BrowserContext:
        """What the tabs of this person share."""
        return self.page.context

    # The door

    async def register(self, account: Account) -> None:
        await self.page.get_by_role("button", name="Create account").click()
        await self.page.get_by_label("Username").fill(account.username)
        await self._give_credentials(account)
        await self.page.get_by_role("button", name="Create account").click()
        await self._arrive(account)

    async def log_in(self, account: Account) -> None:
        await self._give_credentials(account)
        await self.page.get_by_role("button", name="Log in").click()
        await self._arrive(account)

    async def log_out(self) -> None:
        await self.chats.locator("[aria-haspopup=menu]").first.click()
        await self.page.get_by_role("menuitem", name="Log out").click()

    # Chats

    @property
    def chats(self) -> Locator:
        return self.page.get_by_role("navigation", name="Chats")

    def chat_row(self, name: str) -> Locator:
        return self.chats.get_by_role("button").filter(has_text=name)

    async def open_chat(self, name: str) -> None:
        await self.chat_row(name).click()

    async def open_new_chat(self, name: str) -> None:
        """Find somebody, and open the chat with them."""
        await self._new("New chat")
        await self._search_people(name)
        await self.dialog.get_by_role("button", name=name).click()
        await self.composer.wait_for()

    async def create_group(self, title: str, names: Sequence[str]) -> None:
        await self._new("New group")
        await self.dialog.get_by_label("Group name").fill(title)
        for name in names:
            await self._search_people(name)
            await self.dialog.get_by_role("button", name=name).click()
        await self.dialog.get_by_role("button", name="Create group").click()
        await self.composer.wait_for()

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    # The open chat

    @property
    def header(self) -> Locator:
        return self.page.get_by_role("main").get_by_role("banner").or_(self.page.locator("header:has(h1)"))

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log")

    @property
    def composer(self) -> Locator:
        return self.page.get_by_role("textbox", name="Write a message")

    @property
    def typing(self) -> Locator:
        return self.page.get_by_test_id("typing")

    @property
    def messages(self) -> Locator:
        return self.log.get_by_role("article")

    def message(self, text: str) -> Locator:
        return self.messages.filter(has_text=text)

    def body(self, text: str) -> Locator:
        """The bubble of a message: its text, without what can be done with it."""
        return self.message(text).locator("[data-bubble]")

    def reaction(self, text: str, emoji: str) -> Locator:
        return self.message(text).get_by_role("button", name=emoji)

    def tick(self, text: str) -> Locator:
        """How far an own message has come."""
        return self.message(text).locator("[data-receipt]")

    async def send(self, text: str) -> None:
        await self.composer.fill(text)
        await self.composer.press("Enter")

    async def choose(self, text: str, action: str) -> None:
        """An action in a message's menu."""
        # Until the server has named it there is nothing to choose.
        await self.log.locator("article[data-state=sent]").filter(has_text=text).wait_for()
        await self.body(text).click(button="right")
        await self.page.get_by_role("menuitem", name=action, exact=True).click()

    async def edit(self, text: str, to: str) -> None:
        await self.choose(text, "Edit")
        await self.page.get_by_role("button", name="Save changes").wait_for()
        await self.send(to)

    async def delete(self, text: str, action: str = "Delete for everyone") -> None:
        await self.choose(text, action)
        await self.page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()

    async def attach(self, *files: Path) -> None:
        async with self.page.expect_file_chooser() as chosen:
            await self.page.get_by_role("button", name="Attach files").click()
        await (await chosen.value).set_files(files)

    async def _give_credentials(self, account: Account) -> None:
        await self.page.get_by_label("E-mail address").fill(account.email)
        await self.page.get_by_label("Password", exact=True).fill(account.password)

    async def _arrive(self, account: Account) -> None:
        await self.chats.wait_for()
        self.name = account.username

    async def _new(self, what: str) -> None:
        await self.chats.locator("[aria-haspopup=menu]").last.click()
        await self.page.get_by_role("menuitem", name=what).click()

    async def _search_people(self, name: str) -> None:
        await self.dialog.get_by_label("Search people by name").fill(name)
