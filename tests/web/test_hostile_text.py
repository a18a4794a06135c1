"""Text that looks like markup, script or a change of direction is shown as plain text."""

import asyncio
import re
from pathlib import Path

from playwright.async_api import expect

from tests.web.files import PDF
from tests.web.people import People, account
from tests.web.screen import Account, Screen

HOSTILE = [
    "<script>document.title = 'taken'</script>",
    "<img src=x onerror=\"document.title = 'taken'\">",
    '<a href="javascript:document.title=1">click</a>',
    "&lt;b&gt; & <b>bold</b>",
    "\u202ereversed\u202c tail",
    "مرحبا <b>world</b>",
]


async def test_messages_are_shown_as_they_were_written(people: People) -> None:
    ann, bob = await people.pair()

    for text in HOSTILE:
        await ann.send(text)

    for screen in (ann, bob):
        bubbles = screen.messages.locator("[data-bubble]")
        await expect(bubbles).to_contain_text(HOSTILE)
        await expect(bubbles.locator("script, img, b, a")).to_have_count(0)
        await no_script_ran(screen)


async def test_a_link_to_a_script_is_not_a_link(people: People) -> None:
    ann, bob = await people.pair()

    await ann.send("[click](javascript:alert(1)) and https://example.com/page")

    links = bob.message("click").locator("[data-bubble] a[href]")
    await expect(links).to_have_count(1)
    await expect(links).to_have_attribute("href", "https://example.com/page")
    await expect(links).to_have_attribute("rel", "noopener noreferrer nofollow")


async def test_a_group_and_a_profile_in_markup_are_shown_as_text(people: People) -> None:
    ann, bob = await people.pair()
    bio = "<svg onload=\"document.title='taken'\"> of the left"

    await bob.save_profile(bio=bio)
    await ann.open_details()
    await expect(ann.panel).to_contain_text(bio)
    await ann.create_group("<b>Group</b> & co", [bob.name])

    for screen in (ann, bob):
        await expect(screen.chat_row("<b>Group</b> & co")).to_be_visible()
        await no_script_ran(screen)
    await expect(ann.header.get_by_role("heading")).to_have_text("<b>Group</b> & co")


async def test_a_username_with_markup_is_rejected_at_its_field(people: People) -> None:
    visitor = await people.visitor()
    whole = account("ann")

    await visitor.fill_registration(Account("<b>ann</b>", whole.email, whole.password))

    field = visitor.page.get_by_label("Username")
    await expect(field).to_have_accessible_description(re.compile("^Use 3–32 letters, numbers"))
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(field).to_have_value("<b>ann</b>")


async def test_a_file_name_cannot_reverse_text_or_contain_markup(people: People, tmp_path: Path) -> None:
    names = ["<img src=x onerror=alert(1)>.pdf", "invoice\u202efdp.pdf"]
    for name in names:
        (tmp_path / name).write_bytes(PDF)
    ann, bob = await people.pair()

    await ann.attach(*(tmp_path / name for name in names))
    await ann.send("Two files")

    links = bob.message("Two files").get_by_role("link")
    await expect(links).to_have_count(2)
    # A name cannot change the direction of the text around it.
    assert [
        await name.evaluate("name => getComputedStyle(name).unicodeBidi") for name in await links.locator("bdi").all()
    ] == ["isolate"] * 2
    await expect(links.locator("img")).to_have_count(0)
    await asyncio.gather(no_script_ran(ann), no_script_ran(bob))


async def no_script_ran(screen: Screen) -> None:
    await expect(screen.page).not_to_have_title("taken")
