"""Touch on a phone: long presses, and navigation between the list, a chat and its details."""

from playwright.async_api import expect

from tests.web.people import PHONE, People
from tests.web.touch import choose_by_long_press, delete


async def test_send_react_edit_and_delete(people: People) -> None:
    ann, bob = await people.pair(size=PHONE)

    await ann.send("From the bus")
    await choose_by_long_press(bob, "From the bus", "React with ❤️")
    await expect(ann.reaction("From the bus", "❤️")).to_be_visible()
    await expect(ann.tick("From the bus")).to_have_attribute("data-receipt", "read")
    await choose_by_long_press(ann, "From the bus", "Edit")
    await ann.page.get_by_role("button", name="Save changes").wait_for()
    await ann.composer.fill("From the tram")
    await ann.page.get_by_role("button", name="Save changes").tap()
    await expect(bob.body("From the tram")).to_contain_text("edited")
    await delete(ann, "From the tram", "Delete for everyone")

    await expect(bob.message("This message was deleted")).to_be_visible()


async def test_navigate_from_the_list_to_a_chat_to_its_details_and_back(people: People) -> None:
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
    await bob.chat_row("Party").tap()
    await bob.send("Where is it?")

    await expect(ann.message("Where is it?")).to_contain_text(bob.name)
    await expect(ann.header).to_contain_text("2 members")
