"""People before their browsers: where tests get them from."""

import asyncio
from itertools import count

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Error

from tests.web.screen import Account, Screen, Size

DESKTOP = Size(1280, 800)
PHONE = Size(390, 844)
PATIENCE_MS = 20_000
"""How long a page may take for what it is expected to do: much, for the machine may be busy with other things."""

CHROMIUM = "chromium-headless-shell"
"""The same engine without the windows, of which a test sees nothing: it needs half the time."""

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Of Chromium: nothing that a test does not need."""

_numbers = count(1)


class People:
    """The people of one test. `complaints` are uncaught errors of their pages, and what the pages were not allowed."""

    def __init__(self, url: str, browser: Browser) -> None:
        self._url = url
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    async def visitor(
        self, *, size: Size = DESKTOP, dark: bool = False, locale: str = "en-US", keeps_client: bool = False
    ) -> Screen:
        """Somebody who opens the client's start page for the first time, in a browser of their own.

        `keeps_client`: their browser installs the service worker. What it handles cannot be held up by `route`.
        """
        context = await self._browser.new_context(
            base_url=self._url,
            viewport={"width": size.width, "height": size.height},
            color_scheme="dark" if dark else "light",
            has_touch=size.is_phone,
            is_mobile=size.is_phone,
            reduced_motion="reduce",
            locale=locale,
            service_workers="allow" if keeps_client else "block",
        )
        context.set_default_timeout(PATIENCE_MS)
        context.on("weberror", lambda error: self._complain(error.error))
        context.on("console", self._read_console)
        self._contexts.append(context)
        page = await context.new_page()
        await page.goto("/")
        return Screen(page)

    async def member(self, name: str, *, size: Size = DESKTOP, dark: bool = False) -> Screen:
        """Somebody who has just registered; the name gets a number, so that it is theirs alone."""
        screen = await self.visitor(size=size, dark=dark)
        await screen.register(account(name))
        return screen

    async def pair(self, *, size: Size = DESKTOP, dark: bool = False) -> tuple[Screen, Screen]:
        """Two people, each with the chat of the two open."""
        ann, bob = await asyncio.gather(*(self.member(name, size=size, dark=dark) for name in ("ann", "bob")))
        await asyncio.gather(ann.open_new_chat(bob.name), bob.open_new_chat(ann.name))
        return ann, bob

    async def leave(self) -> None:
        for context in self._contexts:
            await context.close()

    def _read_console(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.complaints.append(message.text)

    def _complain(self, error: Error) -> None:
        self.complaints.append(f"{error.message}\n{error.stack}")


def account(name: str) -> Account:
    username = f"{name}{next(_numbers)}"
    return Account(username=username, email=f"{username}@web.example", password="correct horse battery")
