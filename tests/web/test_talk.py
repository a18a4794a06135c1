"""Two people in two browsers: what one does, the other sees at once."""

from playwright.async_api import expect

from tests.web.people import PHONE, People, account


async def test_a_message_and_its_answer_are_seen_live(people: People) -> None:
    ann, bob = await people.pair()

    await ann.send("Is anybody there?")
    await expect(bob.message("Is anybody there?")).to_be_visible()
    await bob.send("I am.")

    await expect(ann.body("I am.")).to_be_visible()
    await expect(ann.messages).to_have_count(2)


async def test_a_message_is_ticked_as_read_once_the_other_one_has_seen_it(people: People) -> None:
    ann, bob = await people.pair()

    await ann.send("Read this")

    await expect(bob.message("Read this")).to_be_visible()
    await expect(ann.tick("Read this")).to_have_attribute("data-receipt", "read")


async def test_a_reaction_comes_and_goes(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("Good news")

    await bob.body("Good news").dblclick()
    await expect(ann.reaction("Good news", "👍")).to_be_visible()
    await bob.reaction("Good news", "👍").click()

    await expect(ann.reaction("Good news", "👍")).to_have_count(0)


async def test_an_edit_is_seen_and_said(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("At seven")
    await expect(bob.message("At seven")).to_be_visible()

    await ann.edit("At seven", "At eight")

    await expect(bob.body("At eight")).to_contain_text("edited")
    await expect(bob.message("At seven")).to_have_count(0)


async def test_deleted_for_everyone_is_gone_for_both(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("Never said")
    await expect(bob.message("Never said")).to_be_visible()

    await ann.delete("Never said")

    for screen in (ann, bob):
        await expect(screen.message("This message was deleted")).to_be_visible()
        await expect(screen.message("Never said")).to_have_count(0)


async def test_typing_is_shown_until_the_message_comes(people: People) -> None:
    ann, bob = await people.pair()

    await ann.composer.press_sequentially("Hm")
    await expect(bob.typing).to_contain_text(f"{ann.name} is typing")
    await ann.composer.press("Enter")

    await expect(bob.message("Hm")).to_be_visible()
    await expect(bob.typing).to_be_empty()


async def test_a_phone_does_the_same_one_thing_at_a_time(people: People) -> None:
    ann, bob = await people.pair(size=PHONE)

    await ann.send("From the bus")
    await bob.choose("From the bus", "React with ❤️")
    await expect(ann.reaction("From the bus", "❤️")).to_be_visible()
    await ann.edit("From the bus", "From the tram")
    await expect(bob.body("From the tram")).to_contain_text("edited")
    await expect(ann.chats).to_be_hidden()
    await ann.page.get_by_role("button", name="Back").click()

    await expect(ann.chat_row(bob.name)).to_contain_text("From the tram")
    await expect(ann.composer).to_be_hidden()


async def test_the_other_one_is_online_until_they_close_their_browser(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("Are you there?")
    await expect(ann.header).to_contain_text("Online")

    await bob.browser.close()

    await expect(ann.header).to_contain_text("Last seen", timeout=20_000)


async def test_a_reload_keeps_the_login_and_the_chat(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("Before")
    await expect(ann.tick("Before")).to_be_visible()

    await ann.page.reload()
    await ann.open_chat(bob.name)
    await bob.send("After")

    await expect(ann.messages).to_have_count(2)
    await expect(ann.message("After")).to_be_visible()


async def test_after_logging_out_nothing_is_left_and_one_can_come_back(people: People) -> None:
    ann = await people.visitor()
    her = account("ann")
    await ann.register(her)

    await ann.log_out()
    await expect(ann.page.get_by_role("heading", name="Welcome back")).to_be_visible()
    kept = await ann.page.evaluate("indexedDB.databases().then(found => [found.length, localStorage.length])")
    await ann.log_in(her)

    assert kept == [0, 0]
    await expect(ann.chats).to_be_visible()
