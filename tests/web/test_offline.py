"""A browser without a network stores messages and files, and sends each once and in order."""

from pathlib import Path

from playwright.async_api import Route, expect

from tests.web.files import hills
from tests.web.people import People

SEND = "**/chatly.messaging.v1.MessagingService/SendMessage"


async def test_messages_and_a_file_written_offline_are_sent_once_and_in_order(people: People, tmp_path: Path) -> None:
    ann, bob = await people.pair()
    photo = hills(tmp_path / "hills.jpg")

    await ann.browser.set_offline(True)
    await expect(ann.page.get_by_text("You're offline.")).to_be_visible()
    await ann.send("first")
    await ann.send("second")
    await ann.attach(photo)
    await ann.send("third")
    await expect(ann.messages).to_have_count(3)
    await ann.browser.set_offline(False)

    for screen in (ann, bob):
        await expect(screen.messages).to_contain_text(["first", "second", "third"])
        await expect(screen.message("third").get_by_role("button", name="Open image hills.jpg")).to_be_visible()
    await expect(ann.tick("third")).to_be_visible()


async def test_messages_written_without_a_server_survive_a_reload(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("before")
    await expect(ann.tick("before")).to_be_visible()
    await ann.browser.route(SEND, lambda route: route.abort())
    await ann.send("kept one")
    await ann.send("kept two")

    await ann.page.reload()
    await expect(ann.message("kept two")).to_be_visible()
    await ann.browser.unroute_all()

    for screen in (ann, bob):
        await expect(screen.messages).to_contain_text(["before", "kept one", "kept two"])


async def test_a_reload_before_the_response_sends_no_second_message(people: People) -> None:
    ann, bob = await people.pair()
    await ann.browser.route(SEND, drop_response)

    await ann.send("only once")
    # The server has stored and delivered the message, but the response never reaches the page.
    await expect(bob.message("only once")).to_be_visible()
    await ann.page.reload()
    await ann.browser.unroute(SEND)
    await ann.send("and then")

    for screen in (ann, bob):
        await expect(screen.messages).to_contain_text(["only once", "and then"])
    await expect(ann.tick("and then")).to_be_visible()
    await expect(ann.tick("only once")).to_be_visible()


async def test_changes_made_meanwhile_arrive_when_the_network_is_back(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("at first")
    await bob.stored("at first").wait_for()

    await ann.browser.set_offline(True)
    await expect(ann.page.get_by_text("You're offline.")).to_be_visible()
    await bob.send("missed one")
    await bob.edit("missed one", to="missed, then changed")
    await bob.body("at first").dblclick()
    await expect(bob.reaction("at first", "👍")).to_be_visible()
    await ann.browser.set_offline(False)

    await expect(ann.messages).to_contain_text(["at first", "missed, then changed"])
    await expect(ann.reaction("at first", "👍")).to_be_visible()


async def drop_response(route: Route) -> None:
    """Send a request to the server, but drop its response."""
    await route.fetch()
    await route.abort("connectionreset")
