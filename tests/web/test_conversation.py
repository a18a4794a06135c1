"""Two people in two browsers: each sees at once what the other does."""

from playwright.async_api import expect

from tests.web.people import People


async def test_a_message_and_its_reply_arrive_live(people: People) -> None:
    ann, bob = await people.pair()

    await ann.send("Is anybody there?")
    await expect(bob.message("Is anybody there?")).to_be_visible()
    await bob.send("I am.")

    await expect(ann.body("I am.")).to_be_visible()
    await expect(ann.messages).to_have_count(2)


async def test_a_message_is_marked_as_read_once_the_other_has_seen_it(people: People) -> None:
    ann, bob = await people.pair()

    await ann.send("Read this")

    await expect(bob.message("Read this")).to_be_visible()
    await expect(ann.tick("Read this")).to_have_attribute("data-receipt", "read")


async def test_a_reaction_appears_and_disappears(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("Good news")

    await bob.body("Good news").dblclick()
    await expect(ann.reaction("Good news", "👍")).to_be_visible()
    await bob.reaction("Good news", "👍").click()

    await expect(ann.reaction("Good news", "👍")).to_have_count(0)


async def test_an_edit_is_shown_and_marked(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("At seven")
    await expect(bob.message("At seven")).to_be_visible()

    await ann.edit("At seven", "At eight")

    await expect(bob.body("At eight")).to_contain_text("edited")
    await expect(bob.message("At seven")).to_have_count(0)


async def test_a_message_deleted_for_everyone_disappears_for_both(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("Never said")
    await expect(bob.message("Never said")).to_be_visible()

    await ann.delete("Never said")

    for screen in (ann, bob):
        await expect(screen.message("This message was deleted")).to_be_visible()
        await expect(screen.message("Never said")).to_have_count(0)


async def test_a_message_deleted_for_oneself_stays_for_the_other(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("Keep this")
    await ann.send("Not for me")
    await expect(bob.message("Not for me")).to_be_visible()

    await ann.delete("Not for me", "Delete for me")
    await expect(ann.messages).to_have_count(1)
    await ann.page.reload()

    await expect(ann.message("Keep this")).to_be_visible()
    await expect(ann.messages).to_have_count(1)
    await expect(bob.messages).to_have_count(2)


async def test_a_reply_shows_its_message(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("Tea or coffee?")
    await expect(bob.message("Tea or coffee?")).to_be_visible()

    await bob.choose("Tea or coffee?", "Reply")
    await bob.send("Water")

    quote = ann.message("Water").get_by_role("button", name="Tea or coffee?")
    await expect(quote).to_contain_text(ann.name)


async def test_hovering_a_message_shows_buttons(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("Tea or coffee?")
    await bob.stored("Tea or coffee?").wait_for()
    beside = bob.message("Tea or coffee?")

    await bob.body("Tea or coffee?").hover()
    await beside.get_by_title("Message actions").click()
    await expect(bob.page.get_by_role("menuitem", name="Copy text")).to_be_visible()
    await bob.page.keyboard.press("Escape")
    await bob.body("Tea or coffee?").hover()
    await beside.get_by_title("Reply").click()
    await bob.send("Water")

    await expect(ann.message("Water").get_by_role("button", name="Tea or coffee?")).to_be_visible()


async def test_typing_is_shown_until_the_message_arrives(people: People) -> None:
    ann, bob = await people.pair()

    await ann.composer.press_sequentially("Hm")
    await expect(bob.typing).to_contain_text(f"{ann.name} is typing")
    await ann.composer.press("Enter")

    await expect(bob.message("Hm")).to_be_visible()
    await expect(bob.typing).to_be_empty()


async def test_a_reload_keeps_the_login_and_the_chat(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("Before")
    await expect(ann.tick("Before")).to_be_visible()

    await ann.page.reload()
    await ann.open_chat(bob.name)
    await bob.send("After")

    await expect(ann.messages).to_have_count(2)
    await expect(ann.message("After")).to_be_visible()
