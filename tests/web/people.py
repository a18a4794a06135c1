"""Harness: the people of a test, each with a browser."""

import asyncio
from itertools import count

from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Error

from tests.web.screen import Account, Screen, Size

DESKTOP = Size(1280, 800)
PHONE = Size(390, 844)
TIMEOUT_MS = 20_000
"""Timeout of expectations. It is long, because the machine may be busy."""

CHROMIUM = "chromium-headless-shell"
"""Chromium without windows, which takes half the time."""

OTHER_HOST = "chat.example"
"""Unlike 127.0.0.1 and localhost, this host has no Web Locks, clipboard or service workers over plain HTTP."""

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP {OTHER_HOST} 127.0.0.1",
)
"""Flags of Chromium that switch off what tests do not need, and a second name of the mesh's host."""

_numbers = count(1)


class People:
    """The people of one test. `errors` are uncaught errors and CSP violations of their pages."""

    def __init__(self, url: str, browser: Browser) -> None:
        self._url = url
        self._browser = browser
        self._contexts: list[BrowserContext] = []
        self.errors: list[str] = []

    async def visitor(
        self,
        *,
        size: Size = DESKTOP,
        dark: bool = False,
        locale: str = "en-US",
        service_worker: bool = False,
        host: str = "127.0.0.1",
    ) -> Screen:
        """Open the client's start page in a new browser.

        With `service_worker` the browser installs the service worker, whose requests `route` cannot intercept.
        """
        context = await self._browser.new_context(
            base_url=self._url.replace("127.0.0.1", host),
            viewport={"width": size.width, "height": size.height},
            color_scheme="dark" if dark else "light",
            has_touch=size.is_phone,
            is_mobile=size.is_phone,
            reduced_motion="reduce",
            locale=locale,
            service_workers="allow" if service_worker else "block",
        )
        context.set_default_timeout(TIMEOUT_MS)
        context.on("weberror", lambda error: self._record_error(error.error))
        context.on("console", self._read_console)
        self._contexts.append(context)
        page = await context.new_page()
        await page.goto("/")
        return Screen(page)

    async def member(self, name: str, *, size: Size = DESKTOP, dark: bool = False, host: str = "127.0.0.1") -> Screen:
        """Register a new user. The name gets a number, so that it is unique."""
        screen = await self.visitor(size=size, dark=dark, host=host)
        await screen.register(account(name))
        return screen

    async def pair(self, *, size: Size = DESKTOP, dark: bool = False, host: str = "127.0.0.1") -> tuple[Screen, Screen]:
        """Register two users and open their chat on both screens."""
        ann, bob = await asyncio.gather(
            *(self.member(name, size=size, dark=dark, host=host) for name in ("ann", "bob"))
        )
        await asyncio.gather(ann.open_new_chat(bob.name), bob.open_new_chat(ann.name))
        return ann, bob

    async def leave(self) -> None:
        for context in self._contexts:
            await context.close()

    def _read_console(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text:
            self.errors.append(message.text)

    def _record_error(self, error: Error) -> None:
        self.errors.append(f"{error.message}\n{error.stack}")


def account(name: str) -> Account:
    username = f"{name}{next(_numbers)}"
    return Account(username=username, email=f"{username}@web.example", password="correct horse battery")
