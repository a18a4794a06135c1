"""Delays requests of a page."""

import asyncio

from playwright.async_api import Page, Route


async def hold_requests(page: Page, pattern: str) -> asyncio.Event:
    """Hold requests that match the pattern until the returned event is set."""
    released = asyncio.Event()

    async def hold(route: Route) -> None:
        await released.wait()
        await route.continue_()

    await page.route(pattern, hold)
    return released
