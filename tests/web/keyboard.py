"""A keyboard, and somebody who finds their way with it."""

from playwright.async_api import Locator, Page, expect

_KEYS = {"Tab", "Enter", "Shift+Enter", "ArrowUp", "Escape"}
# More steps than any screen has places to stop at.
_STEPS = 80


class Keyboard:
    """Goes about with Tab, and in menus with arrows, as a person does: nothing is focused by script."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self._page.keyboard.press(key)

    async def write(self, *texts: str) -> None:
        """Texts, and between them the names of keys."""
        for text in texts:
            await (self._page.keyboard.press(text) if text in _KEYS else self._page.keyboard.type(text))

    async def focus(self, target: Locator) -> None:
        """With Tab; fails if it is never reached."""
        await self._reach(target, "Tab")

    async def press_on(self, target: Locator) -> None:
        """Focus it and press Enter."""
        await self.focus(target)
        await self.press("Enter")

    async def choose(self, item: Locator) -> None:
        """An item of the open menu."""
        await self._reach(item, "ArrowDown")
        await self.press("Enter")

    async def walk(self, target: Locator, key: str) -> None:
        """From where the focus is, by one key."""
        await self._reach(target, key)

    async def _reach(self, target: Locator, key: str) -> None:
        await target.wait_for()
        for _ in range(_STEPS):
            if await target.evaluate("element => element === document.activeElement"):
                return
            await self._step(key)
        await expect(target).to_be_focused(timeout=1)

    async def _step(self, key: str) -> None:
        """Press a key, and see the focus move before the next one: menus move it a moment later."""
        before = await self._page.evaluate_handle("document.activeElement")
        await self.press(key)
        await self._page.wait_for_function("before => document.activeElement !== before", arg=before)
