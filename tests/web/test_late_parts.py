"""Parts of the client that are loaded late: what is asked of them before is done when they are there."""

import asyncio

from playwright.async_api import Route, expect

from tests.web.people import People, account


async def test_a_click_on_a_menu_that_is_still_being_loaded_opens_it_when_it_is_there(people: People) -> None:
    ann = await people.visitor()
    loaded = asyncio.Event()

    async def hold(route: Route) -> None:
        await loaded.wait()
        await route.continue_()

    await ann.page.route("**/assets/MenuContent-*.js", hold)
    await ann.register(account("ann"))
    await ann.page.get_by_role("button", name="New chat").first.click()
    await expect(ann.page.get_by_role("menuitem", name="New group")).to_have_count(0)

    loaded.set()

    await expect(ann.page.get_by_role("menuitem", name="New group")).to_be_visible()


async def test_the_keyboard_opens_it_too_and_is_led_back_to_the_button(people: People) -> None:
    ann = await people.visitor()
    loaded = asyncio.Event()

    async def hold(route: Route) -> None:
        await loaded.wait()
        await route.continue_()

    await ann.page.route("**/assets/MenuContent-*.js", hold)
    await ann.register(account("ann"))
    button = ann.chats.get_by_role("button", name="New chat").first
    await button.focus()
    await button.press("Enter")

    loaded.set()

    await expect(ann.page.get_by_role("menuitem", name="New group")).to_be_visible()
    await ann.page.keyboard.press("Escape")
    await expect(button).to_be_focused()
