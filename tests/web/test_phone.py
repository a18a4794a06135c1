"""A phone does the same, one thing on the screen at a time."""

from pathlib import Path

from playwright.async_api import expect

from tests.web.files import PDF, hills
from tests.web.people import PHONE, People


async def test_talk_react_and_take_back(people: People) -> None:
    ann, bob = await people.pair(size=PHONE)

    await ann.send("From the bus")
    await bob.choose("From the bus", "React with ❤️")
    await expect(ann.reaction("From the bus", "❤️")).to_be_visible()
    await ann.edit("From the bus", "From the tram")
    await expect(bob.body("From the tram")).to_contain_text("edited")
    await ann.delete("From the tram")

    await expect(bob.message("This message was deleted")).to_be_visible()


async def test_there_is_one_thing_at_a_time(people: People) -> None:
    ann, bob = await people.pair(size=PHONE)
    await ann.send("From the tram")
    await expect(ann.chats).to_be_hidden()

    await ann.page.get_by_role("button", name="Back").click()

    await expect(ann.chat_row(bob.name)).to_contain_text("From the tram")
    await expect(ann.composer).to_be_hidden()


async def test_files_open_over_everything(people: People, tmp_path: Path) -> None:
    ann, bob = await people.pair(size=PHONE)
    document = tmp_path / "plan.pdf"
    document.write_bytes(PDF)

    await ann.attach(hills(tmp_path / "hills.jpg"), document)
    await ann.composer.fill("Look")
    await ann.page.get_by_role("button", name="Send").tap()
    await bob.message("Look").get_by_role("button", name="Open picture hills.jpg").tap()
    large = bob.dialog.get_by_role("img", name="hills.jpg")
    await expect(large).to_have_js_property("naturalWidth", 1600)
    await expect(large).to_be_in_viewport(ratio=1)
    await bob.dialog.get_by_role("button", name="Close").tap()

    await expect(bob.message("Look").get_by_role("link", name="plan.pdf")).to_be_visible()
