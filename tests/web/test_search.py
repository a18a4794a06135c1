"""Finding messages, and going to those that are not loaded."""

from playwright.async_api import Locator, expect

from tests.web.people import PHONE, People
from tests.web.screen import Screen

_FILL = """async ({chat, texts}) => {
  for (const text of texts) {
    const body = JSON.stringify({ text, client_message_id: crypto.randomUUID() });
    const headers = { "content-type": "application/json" };
    const answer = await fetch(`/api/chats/${chat}/messages`, { method: "POST", headers, body });
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  }
}"""


async def say_many(screen: Screen, count: int) -> None:
    """Numbered messages, without the composer."""
    chat = screen.page.url.rsplit("/", 1)[-1]
    await screen.page.evaluate(_FILL, {"chat": chat, "texts": [f"line {number}" for number in range(1, count + 1)]})


def search(screen: Screen) -> Locator:
    return screen.page.get_by_role("complementary", name="Search messages")


async def look_for(screen: Screen, words: str) -> None:
    await screen.page.get_by_role("button", name="Search in this chat").click()
    await search(screen).get_by_label("Words in messages").fill(words)


async def test_a_message_is_found_by_a_word_and_marked(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("Dinner at the Café on Monday")
    await ann.send("Nothing else")
    await expect(bob.message("Nothing else")).to_be_visible()

    await look_for(bob, "monday cafe")

    hit = search(bob).get_by_role("listitem")
    await expect(hit).to_have_count(1)
    await expect(hit.locator("mark")).to_have_text(["Café", "Monday"])
    await hit.get_by_role("button").click()
    await expect(bob.message("Dinner at the")).to_be_focused()


async def test_all_chats_are_searched_from_the_list_and_a_hit_opens_its_chat(people: People) -> None:
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


async def test_what_is_nowhere_is_said_to_be_nowhere(people: People) -> None:
    ann, _ = await people.pair()
    await ann.send("Something")
    await expect(ann.tick("Something")).to_be_visible()

    await look_for(ann, "elsewhere")

    await expect(search(ann).get_by_role("heading", name="Nothing found")).to_be_visible()


async def test_an_old_message_is_shown_among_its_neighbours_and_one_walks_back_to_the_newest(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("The needle")
    await say_many(ann, 150)
    await bob.page.reload()
    await expect(bob.message("line 150")).to_be_visible()

    await look_for(bob, "needle")
    await search(bob).get_by_role("listitem").get_by_role("button").click()

    await expect(bob.message("The needle")).to_be_in_viewport()
    await expect(bob.message("line 1").first).to_be_visible()
    await ann.send("Just now")
    await expect(bob.chat_row(ann.name)).to_contain_text("Just now")
    await expect(bob.message("Just now")).to_have_count(0)
    await bob.page.get_by_role("button", name="To the newest messages").click()
    await expect(bob.message("Just now")).to_be_in_viewport()


async def test_a_quote_leads_to_the_message_it_answers_however_old(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("Who comes?")
    await say_many(ann, 120)
    await bob.page.reload()
    await expect(bob.message("line 120")).to_be_visible()
    await look_for(bob, "comes")
    await search(bob).get_by_role("listitem").get_by_role("button").click()
    await bob.choose("Who comes?", "Reply")
    await bob.send("I do.")

    await bob.message("I do.").get_by_role("button", name="Who comes?").click()

    await expect(bob.message("Who comes?").first).to_be_in_viewport()
    await expect(bob.message("I do.")).to_have_count(0)


async def test_on_a_phone_the_message_takes_the_place_of_the_search(people: People) -> None:
    ann, _ = await people.pair(size=PHONE)
    await ann.send("From the bus")
    await expect(ann.tick("From the bus")).to_be_visible()

    await look_for(ann, "bus")
    await search(ann).get_by_role("listitem").get_by_role("button").click()

    await expect(search(ann)).to_have_count(0)
    await expect(ann.message("From the bus")).to_be_in_viewport()
