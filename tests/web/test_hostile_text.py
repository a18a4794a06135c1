"""What people write is text, whatever it looks like: never markup, never script, never a lie about its direction."""

import pytest
from playwright.async_api import expect

from tests.web.people import People

HOSTILE = [
    "<script>document.title = 'taken'</script>",
    "<img src=x onerror=\"document.title = 'taken'\">",
    '<a href="javascript:document.title=1">click</a>',
    "&lt;b&gt; & <b>bold</b>",
    "\u202ereversed\u202c tail",
    "مرحبا <b>world</b>",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_message_is_shown_as_it_was_written(people: People, text: str) -> None:
    ann, bob = await people.pair()

    await ann.send(text)
    await bob.send("seen")
    await expect(ann.message("seen")).to_be_visible()

    for screen in (ann, bob):
        bubble = screen.messages.first.locator("[data-bubble]")
        await expect(bubble).to_contain_text(text)
        await expect(bubble.locator("script, img, b, a")).to_have_count(0)
        assert "taken" not in await screen.page.title()


async def test_a_link_that_runs_script_is_no_link(people: People) -> None:
    ann, bob = await people.pair()

    await ann.send("[click](javascript:alert(1)) and https://example.com/page")

    links = bob.message("click").locator("[data-bubble] a[href]")
    await expect(links).to_have_count(1)
    await expect(links).to_have_attribute("href", "https://example.com/page")
    await expect(links).to_have_attribute("rel", "noopener noreferrer nofollow")


async def test_a_group_named_in_markup_is_shown_as_text(people: People) -> None:
    ann, bob = await people.pair()

    await ann.create_group("<b>Group</b> & co", [bob.name])

    for screen in (ann, bob):
        await expect(screen.chat_row("<b>Group</b> & co")).to_be_visible()
