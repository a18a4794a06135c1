"""Networks that fail, servers that die, and many tabs: every message comes once, in its order."""

import asyncio
from pathlib import Path

from playwright.async_api import Browser, expect

from tests.e2e.mesh import running_mesh
from tests.web.people import People
from tests.web.screen import Screen

TABS = 6


async def test_messages_written_offline_are_sent_once_and_in_order(people: People) -> None:
    ann, bob = await people.pair()

    await ann.browser.set_offline(True)
    for text in ("first", "second", "third"):
        await ann.send(text)
    await expect(ann.page.get_by_text("You are offline.")).to_be_visible()
    await expect(ann.messages).to_have_count(3)
    await ann.browser.set_offline(False)

    for screen in (ann, bob):
        await expect(screen.messages).to_contain_text(["first", "second", "third"])
    await expect(ann.tick("third")).to_be_visible()


async def test_messages_written_offline_survive_a_reload(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("before")
    await expect(ann.tick("before")).to_be_visible()
    await ann.browser.route("**/chatly.messaging.v1.MessagingService/SendMessage", lambda route: route.abort())
    await ann.send("kept one")
    await ann.send("kept two")

    await ann.page.reload()
    await expect(ann.message("kept two")).to_be_visible()
    await ann.browser.unroute_all()

    for screen in (ann, bob):
        await expect(screen.messages).to_contain_text(["before", "kept one", "kept two"])


async def test_nothing_is_lost_when_the_mesh_is_killed_and_started_again(
    browser: Browser, client: None, tmp_path: Path
) -> None:
    async with running_mesh(tmp_path) as mesh:
        people = People(mesh, browser)
        ann, bob = await people.pair()
        await ann.send("before")
        await expect(bob.message("before")).to_be_visible()

        mesh.kill()
        await ann.send("meanwhile")
        await expect(ann.page.get_by_text("Connection lost.")).to_be_visible()
        await mesh.start()
        await bob.send("after")

        for screen in (ann, bob):
            await expect(screen.messages).to_have_count(3, timeout=20_000)
            await expect(screen.tick("meanwhile" if screen is ann else "after")).to_be_visible(timeout=20_000)
        await people.leave()
        assert people.complaints == []


async def test_six_tabs_over_plain_http_all_live_also_after_the_first_one_is_closed(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("to all tabs")
    tabs = await asyncio.gather(*(another_tab(ann, bob.name) for _ in range(TABS)))

    await bob.send("one")
    for tab in (ann, *tabs):
        await expect(tab.message("one")).to_be_visible()
    await ann.page.close()
    await bob.send("two")

    for tab in tabs:
        await expect(tab.messages).to_contain_text(["to all tabs", "one", "two"])


async def another_tab(screen: Screen, chat: str) -> Screen:
    tab = Screen(await screen.browser.new_page())
    await tab.page.goto("/")
    await tab.open_chat(chat)
    return tab
