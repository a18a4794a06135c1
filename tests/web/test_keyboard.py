"""Everyday use with the keyboard alone, without a mouse."""

from pathlib import Path

from playwright.async_api import expect

from tests.web.files import PDF
from tests.web.keyboard import Keyboard
from tests.web.people import People, account
from tests.web.screen import Screen


async def test_register_log_out_and_log_in(people: People) -> None:
    ann = await people.visitor()
    keys = Keyboard(ann.page)
    her = account("ann")

    await keys.press_on(ann.page.get_by_role("button", name="Create account"))
    await expect(ann.page.get_by_label("Username")).to_be_focused()
    await keys.write(her.username, "Tab", her.email, "Tab", her.password, "Enter")
    await ann.chats.wait_for()
    await keys.press_on(ann.chats.locator("[aria-haspopup=menu]").first)
    await keys.choose(ann.page.get_by_role("menuitem", name="Log out"))
    await expect(ann.page.get_by_label("Email address")).to_be_focused()
    await keys.write(her.email, "Tab", her.password, "Enter")

    await expect(ann.chats).to_be_visible()


async def test_find_a_person_and_chat(people: People) -> None:
    ann, bob = await people.member("ann"), await people.member("bob")
    keys = Keyboard(ann.page)

    await keys.press("Alt+n")
    await expect(ann.dialog.get_by_label("Search people by name")).to_be_focused()
    await keys.write(bob.name)
    await keys.press_on(ann.dialog.get_by_role("button", name=bob.name))
    await expect(ann.composer).to_be_focused()
    await keys.write("Hello", "Enter", "Two", "Shift+Enter", "lines", "Enter")

    await bob.open_chat(ann.name)
    await expect(bob.messages).to_contain_text(["Hello", "Two\nlines"])
    await expect(ann.composer).to_be_focused()


async def test_react_reply_and_edit(people: People) -> None:
    ann, bob = await people.pair()
    await bob.send("What is the plan?")
    await expect(ann.message("What is the plan?")).to_be_visible()
    keys = Keyboard(ann.page)

    await to_newest_message(ann, keys)
    await keys.press("Enter")
    await keys.choose(ann.page.get_by_role("menuitem", name="React with 👍"))
    await expect(bob.reaction("What is the plan?", "👍")).to_be_visible()
    await expect(ann.message("What is the plan?")).to_be_focused()
    await keys.press("Enter")
    await keys.choose(ann.page.get_by_role("menuitem", name="Reply"))
    await expect(ann.composer).to_be_focused()
    await keys.write("Swimming", "Enter")
    await expect(bob.stored("Swimming")).to_contain_text("What is the plan?")
    await ann.stored("Swimming").wait_for()
    await keys.press("ArrowUp")
    await expect(ann.composer).to_have_value("Swimming")
    await keys.write(" at noon", "Enter")

    await expect(bob.body("Swimming at noon")).to_contain_text("edited")


async def test_delete_for_me_and_for_everyone(people: People) -> None:
    ann, bob = await people.pair()
    keys = Keyboard(ann.page)
    for text in ("for me", "for everyone"):
        await ann.send(text)
        await ann.stored(text).wait_for()

    await delete_newest(ann, keys, "Delete for everyone")
    await expect(bob.messages.last).to_contain_text("This message was deleted")
    await expect(ann.messages.last).to_contain_text("This message was deleted")
    await expect(ann.messages.last).to_be_focused()
    await keys.press("ArrowUp")
    await expect(ann.messages.first).to_be_focused()
    await keys.press("Enter")
    await keys.choose(ann.page.get_by_role("menuitem", name="Delete for me"))
    await keys.press_on(ann.page.get_by_role("alertdialog").get_by_role("button", name="Delete"))

    await expect(ann.messages).to_have_count(1)
    await expect(bob.messages).to_have_count(2)


async def test_more_emoji_are_found_by_name(people: People) -> None:
    ann, bob = await people.pair()
    keys = Keyboard(ann.page)
    await bob.send("It is done")
    await expect(ann.message("It is done")).to_be_visible()

    await to_newest_message(ann, keys)
    await keys.press("Enter")
    await keys.choose(ann.page.get_by_role("menuitem", name="More emoji"))
    await expect(ann.page.get_by_role("searchbox", name="Search emoji")).to_be_focused()
    await keys.write("rocket")
    found = ann.page.get_by_role("button", name="rocket", exact=True)
    await found.wait_for()
    await keys.focus(ann.page.get_by_test_id("emoji").get_by_role("button").first)
    await keys.move_to(found, "ArrowRight")
    await keys.press("Enter")

    await expect(bob.reaction("It is done", "🚀")).to_be_visible()


async def test_attach_a_file_and_remove_it_again(people: People, tmp_path: Path) -> None:
    document = tmp_path / "plan.pdf"
    document.write_bytes(PDF)
    ann, bob = await people.pair()
    keys = Keyboard(ann.page)
    button = ann.page.get_by_role("button", name="Attach files")

    for _ in range(2):
        async with ann.page.expect_file_chooser() as chosen:
            await keys.press_on(button)
        await (await chosen.value).set_files(document)
    await keys.press_on(ann.page.get_by_role("button", name="Remove plan.pdf").first)
    await keys.press("Alt+c")
    await expect(ann.composer).to_be_focused()
    await keys.write("One is enough", "Enter")

    await expect(bob.message("One is enough").get_by_role("link", name="plan.pdf")).to_have_count(1)


async def test_change_the_profile(people: People) -> None:
    ann, bob = await people.pair()
    keys = Keyboard(ann.page)

    await keys.press_on(ann.chats.locator("[aria-haspopup=menu]").first)
    await keys.choose(ann.page.get_by_role("menuitem", name="Settings"))
    await keys.focus(ann.dialog.get_by_label("About you"))
    await keys.write("Reads on the train")
    await keys.press_on(ann.dialog.get_by_role("button", name="Save"))
    await expect(ann.page.get_by_role("status").get_by_text("Saved")).to_be_visible()
    await keys.press("Escape")
    await expect(ann.dialog).to_be_hidden()
    await expect(ann.chats.locator("[aria-haspopup=menu]").first).to_be_focused()

    await bob.open_details()
    await expect(bob.panel).to_contain_text("Reads on the train")


async def test_a_dialog_keeps_the_focus_until_it_closes(people: People) -> None:
    ann = await people.member("ann")
    keys = Keyboard(ann.page)
    await ann.open_settings("Appearance")
    within = "dialog => dialog.contains(document.activeElement)"

    for _ in range(20):
        await keys.press("Tab")
        assert await ann.dialog.evaluate(within)
    await keys.press("Escape")

    await expect(ann.chats.locator("[aria-haspopup=menu]").first).to_be_focused()


async def to_newest_message(screen: Screen, keys: Keyboard) -> None:
    await keys.focus(screen.log)
    await keys.press("End")
    await expect(screen.messages.last).to_be_focused()


async def delete_newest(screen: Screen, keys: Keyboard, action: str) -> None:
    await to_newest_message(screen, keys)
    await keys.press("Enter")
    await keys.choose(screen.page.get_by_role("menuitem", name=action))
    await keys.press_on(screen.page.get_by_role("alertdialog").get_by_role("button", name="Delete"))
