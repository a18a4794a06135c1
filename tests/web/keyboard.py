"""Operates a page with the keyboard alone."""

from playwright.async_api import Locator, Page, expect

_KEYS = {"Tab", "Enter", "Shift+Enter", "ArrowUp", "Escape"}
# More than the focusable elements of any screen.
_STEPS = 80


class Keyboard:
    """Moves the focus with Tab, and in menus with arrow keys, like a person; never by script."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self._page.keyboard.press(key)

    async def write(self, *texts: str) -> None:
        """Type texts, and press keys whose names are among them."""
        for text in texts:
            await (self._page.keyboard.press(text) if text in _KEYS else self._page.keyboard.type(text))

    async def focus(self, target: Locator) -> None:
        """Move the focus with Tab; fail if it never reaches the target."""
        await self._reach(target, "Tab")

    async def press_on(self, target: Locator) -> None:
        """Focus the target and press Enter."""
        await self.focus(target)
        await self.press("Enter")

    async def choose(self, item: Locator) -> None:
        """Choose an item of the open menu."""
        await self._reach(item, "ArrowDown")
        await self.press("Enter")

    async def move_to(self, target: Locator, key: str) -> None:
        """Press one key until the target has the focus."""
        await self._reach(target, key)

    async def _reach(self, target: Locator, key: str) -> None:
        await target.wait_for()
        for _ in range(_STEPS):
            if await target.evaluate("element => element === document.activeElement"):
                return
            await self._step(key)
        await expect(target).to_be_focused(timeout=1)

    async def _step(self, key: str) -> None:
        """Press a key and wait until the focus has moved, because menus move it a moment later."""
        before = await self._page.evaluate_handle("document.activeElement")
        await self.press(key)
        await self._page.wait_for_function("before => document.activeElement !== before", arg=before)
