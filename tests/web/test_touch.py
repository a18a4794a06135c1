"""Fingers on a phone: long presses, and the way from the list to a chat to its details and back."""

from playwright.async_api import Locator, expect

from tests.web.people import PHONE, People
from tests.web.screen import Screen


async def test_talk_react_and_take_back(people: People) -> None:
    ann, bob = await people.pair(size=PHONE)

    await ann.send("From the bus")
    await bob.stored("From the bus").wait_for()
    await long_press(bob, bob.body("From the bus"))
    await bob.page.get_by_role("menuitem", name="React with ❤️").tap()
    await expect(ann.reaction("From the bus", "❤️")).to_be_visible()
    await expect(ann.tick("From the bus")).to_have_attribute("data-receipt", "read")
    await long_press(ann, ann.body("From the bus"))
    await ann.page.get_by_role("menuitem", name="Edit").tap()
    await ann.page.get_by_role("button", name="Save changes").wait_for()
    await ann.composer.fill("From the tram")
    await ann.page.get_by_role("button", name="Save changes").tap()
    await expect(bob.body("From the tram")).to_contain_text("edited")
    await long_press(ann, ann.body("From the tram"))
    await ann.page.get_by_role("menuitem", name="Delete for everyone").tap()
    await ann.page.get_by_role("alertdialog").get_by_role("button", name="Delete").tap()

    await expect(bob.message("This message was deleted")).to_be_visible()


async def test_one_goes_from_the_list_to_a_chat_to_its_details_and_back(people: People) -> None:
    ann, bob = await people.pair(size=PHONE)
    await ann.send("Hello")
    await expect(ann.chats).to_be_hidden()

    await ann.open_details()
    await expect(ann.panel).to_contain_text(bob.name)
    await ann.panel.get_by_role("button", name="Close").tap()
    await ann.page.get_by_role("button", name="Back").tap()
    await expect(ann.chat_row(bob.name)).to_contain_text("Hello")
    await expect(ann.composer).to_be_hidden()
    await ann.create_group("Party", [bob.name])
    await bob.page.get_by_role("button", name="Back").tap()

    await expect(bob.chat_row("Party")).to_be_visible()


async def long_press(screen: Screen, target: Locator) -> None:
    """Until the menu is there."""
    await target.scroll_into_view_if_needed()
    box = await target.bounding_box()
    assert box is not None
    finger = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    devices = await screen.browser.new_cdp_session(screen.page)
    await devices.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [finger]})
    await screen.page.get_by_role("menu").wait_for()
    await devices.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    await devices.detach()
