"""Profile, presence and status of a user, as others see them."""

from pathlib import Path

from playwright.async_api import expect

from tests.web.files import hills
from tests.web.people import People


async def test_a_user_who_has_written_is_online_until_they_close_the_browser(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("Are you there?")
    await expect(bob.header).to_contain_text("Online")
    await expect(ann.header).not_to_contain_text("Online")
    await bob.send("Yes")
    await expect(ann.header).to_contain_text("Online")

    await bob.browser.close()

    await expect(ann.header).to_contain_text("Last seen")


async def test_others_see_a_new_picture_and_name(people: People, tmp_path: Path) -> None:
    ann, bob = await people.pair()
    await ann.send("It is me")
    await expect(bob.message("It is me")).to_be_visible()
    renamed = f"{ann.name}.new"

    await ann.open_settings()
    async with ann.page.expect_file_chooser() as chosen:
        await ann.dialog.get_by_role("button", name="Change picture").click()
    await (await chosen.value).set_files(hills(tmp_path / "face.jpg"))
    await ann.page.get_by_role("button", name="Use picture").click()
    await ann.dialog.get_by_role("button", name="Remove picture").wait_for()
    await ann.dialog.get_by_label("Username").fill(renamed)
    await ann.dialog.get_by_role("button", name="Save").click()
    await expect(ann.page.get_by_role("status").get_by_text("Saved")).to_be_visible()

    # No event reports a changed profile, so the other page has to load it again.
    await bob.page.reload()
    await expect(bob.header.get_by_role("heading")).to_have_text(renamed)
    await expect(bob.header.locator("img")).to_have_js_property("complete", value=True)
    assert await bob.header.locator("img").evaluate("picture => picture.naturalWidth") > 0


async def test_others_see_a_status_beside_the_name(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("Hello")
    await expect(bob.header).to_contain_text("Online")

    await ann.open_settings("Status")
    await ann.dialog.get_by_label("What's your status?").fill("On a train")
    await ann.dialog.get_by_role("button", name="Save").click()

    await expect(bob.header).to_contain_text("On a train")


async def test_a_blocked_user_cannot_send_messages_and_sees_why(people: People) -> None:
    ann, bob = await people.pair()
    await bob.send("Buy this!")
    await expect(ann.message("Buy this!")).to_be_visible()

    await ann.open_details()
    await ann.panel.get_by_role("button", name="Block").click()
    await ann.page.get_by_role("alertdialog").get_by_role("button", name="Block").click()
    await expect(ann.panel.get_by_role("button", name="Unblock")).to_be_visible()
    await bob.send("And this!")

    await expect(bob.message("And this!")).to_contain_text("One of you has blocked the other.")
    await expect(ann.messages).to_have_count(1)
