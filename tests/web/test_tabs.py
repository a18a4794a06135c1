"""Tabs of one browser share one subscription, because plain HTTP/1.1 allows six connections."""

import asyncio

import pytest
from playwright.async_api import Page, Request, expect

from tests.web.people import OTHER_HOST, People
from tests.web.screen import Screen

TABS = 6


@pytest.mark.parametrize("host", ["127.0.0.1", OTHER_HOST])
async def test_six_tabs_are_live_and_stay_so_after_the_first_is_closed(people: People, host: str) -> None:
    ann, bob = await people.pair(host=host)
    assert await ann.page.evaluate("'locks' in navigator") == (host != OTHER_HOST)
    subscribed: list[Page] = []
    ann.browser.on("request", lambda call: subscribed.append(call.frame.page) if is_subscription(call) else None)
    await ann.send("to all tabs")
    tabs = await asyncio.gather(*(another_tab(ann, bob.name) for _ in range(TABS)))

    await bob.send("one")
    for tab in (ann, *tabs):
        await expect(tab.message("one")).to_be_visible()
    assert subscribed == []
    await ann.page.close()
    await bob.send("two")

    for tab in tabs:
        await expect(tab.messages).to_contain_text(["to all tabs", "one", "two"])
    assert len(set(subscribed)) == 1


def is_subscription(call: Request) -> bool:
    return call.url.endswith("/Subscribe")


async def another_tab(screen: Screen, chat: str) -> Screen:
    tab = Screen(await screen.browser.new_page())
    await tab.page.goto("/")
    await tab.open_chat(chat)
    return tab
