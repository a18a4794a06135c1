"""Page object of the open chat: its messages and its composer. It asserts nothing; tests do."""

from pathlib import Path

from playwright.async_api import BrowserContext, Locator, Page


class Conversation:
    """Finds elements by role and name, as screen readers do."""

    def __init__(self, page: Page) -> None:
        self.page = page

    @property
    def browser(self) -> BrowserContext:
        """The browser context, which all tabs of this person share."""
        return self.page.context

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
    def panel(self) -> Locator:
        """The panel beside the chat."""
        return self.page.get_by_role("complementary")

    @property
    def messages(self) -> Locator:
        return self.log.get_by_role("article")

    def message(self, text: str) -> Locator:
        """Return the messages that contain a text.

        The time follows the text directly: "line 2" sent at 9:15 contains "line 29", but not "line 29.".
        """
        return self.messages.filter(has_text=text)

    def stored(self, text: str) -> Locator:
        """The messages that the server has stored; the menu works only for these."""
        return self.log.locator("article[data-state=sent]").filter(has_text=text)

    def body(self, text: str) -> Locator:
        """The bubble of a message, without its buttons."""
        return self.message(text).locator("[data-bubble]")

    def reaction(self, text: str, emoji: str) -> Locator:
        return self.message(text).get_by_role("button", name=emoji)

    def tick(self, text: str) -> Locator:
        """The delivery mark of an own message."""
        return self.message(text).locator("[data-receipt]")

    async def send(self, text: str) -> None:
        await self.composer.fill(text)
        await self.composer.press("Enter")

    async def choose(self, text: str, action: str) -> None:
        """Choose an action in the message's menu."""
        await self.stored(text).wait_for()
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

    async def open_details(self) -> None:
        await self.page.get_by_role("button", name="Details").click()
        await self.panel.wait_for()
