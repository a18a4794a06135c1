"""Searching messages, and jumping to messages that are not loaded."""

from playwright.async_api import Locator, expect

from tests.web.people import PHONE, People
from tests.web.screen import Screen

_FILL = """async ({chat, texts}) => {
  for (const text of texts) {
    const body = JSON.stringify({ text, client_message_id: crypto.randomUUID() });
    const headers = { "content-type": "application/json" };
    const response = await fetch(`/api/chats/${chat}/messages`, { method: "POST", headers, body });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  }
}"""


async def send_many(screen: Screen, count: int) -> None:
    """Send numbered messages without the composer."""
    chat = screen.page.url.rsplit("/", 1)[-1]
    await screen.page.evaluate(_FILL, {"chat": chat, "texts": [f"line {number}" for number in range(1, count + 1)]})


def search(screen: Screen) -> Locator:
    return screen.page.get_by_role("complementary", name="Search messages")


async def search_for(screen: Screen, words: str) -> None:
    await screen.page.get_by_role("button", name="Search in this chat").click()
    await search(screen).get_by_label("Search messages").fill(words)


async def test_a_message_is_found_by_a_word_and_marked(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("Dinner at the Café on Monday")
    await ann.send("Nothing else")
    await expect(bob.message("Nothing else")).to_be_visible()

    await search_for(bob, "monday cafe")

    hit = search(bob).get_by_role("listitem")
    await expect(hit).to_have_count(1)
    await expect(hit.locator("mark")).to_have_text(["Café", "Monday"])
    await hit.get_by_role("button").click()
    await expect(bob.message("Dinner at the")).to_be_focused()


async def test_the_chat_list_searches_all_chats_and_a_hit_opens_its_chat(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("The key is under the mat")
    await expect(ann.tick("The key")).to_be_visible()
    await ann.create_group("Others", [bob.name])
    await expect(ann.page.get_by_role("heading", name="Others")).to_be_visible()

    await ann.page.get_by_role("searchbox", name="Search chats").fill("mat")
    await ann.page.get_by_role("button", name="Search messages for").click()
    await search(ann).get_by_role("listitem").get_by_role("button").click()

    await expect(ann.page.get_by_role("heading", name=bob.name)).to_be_visible()
    await expect(ann.message("The key is under the mat")).to_be_focused()


async def test_a_search_without_hits_says_so(people: People) -> None:
    ann, _ = await people.pair()
    await ann.send("Something")
    await expect(ann.tick("Something")).to_be_visible()

    await search_for(ann, "elsewhere")

    await expect(search(ann).get_by_role("heading", name="No results")).to_be_visible()


async def test_an_old_message_is_shown_with_its_neighbours_and_a_button_leads_to_the_newest(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("The needle")
    await send_many(ann, 150)
    await expect(ann.tick("line 150")).to_have_attribute("data-receipt", "read")
    await bob.page.reload()
    await expect(bob.message("line 150")).to_be_visible()

    await search_for(bob, "needle")
    await search(bob).get_by_role("listitem").get_by_role("button").click()

    await expect(bob.message("The needle")).to_be_in_viewport()
    await expect(bob.message("line 1").first).to_be_visible()
    await ann.send("Just now")
    await expect(bob.chat_row(ann.name)).to_contain_text("Just now")
    await expect(bob.message("Just now")).to_have_count(0)
    await bob.page.get_by_role("button", name="Jump to the latest messages").click()
    await expect(bob.message("Just now")).to_be_in_viewport()


async def test_a_quote_leads_to_its_message_however_old(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("Who comes?")
    await send_many(ann, 120)
    await expect(ann.tick("line 120")).to_have_attribute("data-receipt", "read")
    await bob.page.reload()
    await expect(bob.message("line 120")).to_be_visible()
    await search_for(bob, "comes")
    await search(bob).get_by_role("listitem").get_by_role("button").click()
    await bob.choose("Who comes?", "Reply")
    await bob.send("I do.")

    await bob.message("I do.").get_by_role("button", name="Who comes?").click()

    await expect(bob.message("Who comes?").first).to_be_in_viewport()
    await expect(bob.message("I do.")).to_have_count(0)


async def test_on_a_phone_the_message_replaces_the_search(people: People) -> None:
    ann, _ = await people.pair(size=PHONE)
    await ann.send("From the bus")
    await expect(ann.tick("From the bus")).to_be_visible()

    await search_for(ann, "bus")
    await search(ann).get_by_role("listitem").get_by_role("button").click()

    await expect(search(ann)).to_have_count(0)
    await expect(ann.message("From the bus")).to_be_in_viewport()
