"""Requests of a page that are sent on later than it asked."""

import asyncio

from playwright.async_api import Page, Route


async def held_back(page: Page, pattern: str) -> asyncio.Event:
    """From now on requests of a page to such addresses wait until the returned event is set."""
    released = asyncio.Event()

    async def hold(route: Route) -> None:
        await released.wait()
        await route.continue_()

    await page.route(pattern, hold)
    return released
