"""The client on a phone, with one pane at a time."""

from pathlib import Path

from playwright.async_api import expect

from tests.web.files import PDF, hills
from tests.web.people import PHONE, People, account
from tests.web.touch import choose_by_long_press, delete, drag


async def test_register_log_out_and_log_in(people: People) -> None:
    ann = await people.visitor(size=PHONE)
    her = account("ann")
    await ann.register(her)

    await ann.log_out()
    await expect(ann.page.get_by_role("heading", name="Welcome back")).to_be_visible()
    await ann.log_in(her)

    await expect(ann.chats).to_be_visible()


async def test_chat_live_and_delete_messages(people: People) -> None:
    ann, bob = await people.pair(size=PHONE)

    await ann.composer.press_sequentially("Tea or coffee?")
    await ann.page.get_by_role("button", name="Send").tap()
    await choose_by_long_press(bob, "Tea or coffee?", "Reply")
    await bob.composer.press_sequentially("Water")
    await expect(ann.typing).to_contain_text(f"{bob.name} is typing")
    await bob.page.get_by_role("button", name="Send").tap()

    await expect(ann.message("Water").get_by_role("button", name="Tea or coffee?")).to_contain_text(ann.name)
    await expect(ann.header).to_contain_text("Online")
    await delete(ann, "Water", "Delete for me")
    await expect(ann.message("Water")).to_have_count(0)
    await delete(ann, "Tea or coffee?", "Delete for everyone")
    await expect(bob.message("This message was deleted")).to_be_visible()
    await expect(bob.message("Water")).to_be_visible()
    await bob.browser.close()
    await expect(ann.header).to_contain_text("Last seen")


async def test_others_see_a_changed_profile(people: People, tmp_path: Path) -> None:
    ann, bob = await people.pair(size=PHONE)
    await ann.send("It is me")
    await ann.page.get_by_role("button", name="Back").tap()
    renamed = f"{ann.name}.new"

    await ann.open_settings()
    async with ann.page.expect_file_chooser() as chosen:
        await ann.dialog.get_by_role("button", name="Change picture").tap()
    await (await chosen.value).set_files(hills(tmp_path / "face.jpg"))
    use = ann.page.get_by_role("button", name="Use picture")
    await expect(use).to_be_enabled()
    crop = ann.page.get_by_role("application")
    before = await crop.locator("img").get_attribute("style")
    await drag(ann, crop, right=40)
    await expect(crop.locator("img")).not_to_have_attribute("style", before or "")
    await use.tap()
    await ann.dialog.get_by_role("button", name="Remove picture").wait_for()
    await ann.dialog.get_by_label("Username").fill(renamed)
    await ann.dialog.get_by_label("About you").fill("Climbs hills")
    await ann.dialog.get_by_role("button", name="Save").tap()
    await expect(ann.page.get_by_role("status").get_by_text("Saved")).to_be_visible()

    await bob.open_details()
    await expect(bob.panel.get_by_role("heading", name=renamed)).to_be_visible()
    await expect(bob.panel).to_contain_text("Climbs hills")
    await expect(bob.panel.locator("img")).to_have_js_property("naturalWidth", 512)


async def test_one_pane_is_shown_at_a_time(people: People) -> None:
    ann, bob = await people.pair(size=PHONE)
    await ann.send("From the tram")
    await expect(ann.chats).to_be_hidden()

    await ann.page.get_by_role("button", name="Back").click()

    await expect(ann.chat_row(bob.name)).to_contain_text("From the tram")
    await expect(ann.composer).to_be_hidden()


async def test_files_open_in_full_size(people: People, tmp_path: Path) -> None:
    ann, bob = await people.pair(size=PHONE)
    document = tmp_path / "plan.pdf"
    document.write_bytes(PDF)

    await ann.attach(hills(tmp_path / "hills.jpg"), document)
    await ann.composer.fill("Look")
    await ann.page.get_by_role("button", name="Send").tap()
    await bob.message("Look").get_by_role("button", name="Open image hills.jpg").tap()
    large = bob.dialog.get_by_role("img", name="hills.jpg")
    await expect(large).to_have_js_property("naturalWidth", 1600)
    await expect(large).to_be_in_viewport(ratio=1)
    await bob.dialog.get_by_role("button", name="Close").tap()

    await expect(bob.message("Look").get_by_role("link", name="plan.pdf")).to_be_visible()
