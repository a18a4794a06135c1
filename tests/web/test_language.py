"""The language of the page: first the browser's, then the chosen one, at once and everywhere."""

from playwright.async_api import Page, expect

from tests.web.people import People


async def is_shown_in(page: Page, language: str, direction: str) -> None:
    await expect(page.locator("html")).to_have_attribute("lang", language)
    await expect(page.locator("html")).to_have_attribute("dir", direction)


async def test_a_new_visitor_sees_the_language_of_the_browser(people: People) -> None:
    visitor = await people.visitor(locale="de-AT")

    await expect(visitor.page.get_by_role("button", name="Anmelden")).to_be_visible()
    await is_shown_in(visitor.page, "de", "ltr")


async def test_a_chosen_language_applies_everywhere_at_once_and_stays(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("Good evening")
    await expect(bob.message("Good evening")).to_be_visible()

    await bob.open_settings("Appearance")
    await bob.dialog.get_by_label("Language").select_option("ar")
    await is_shown_in(bob.page, "ar", "rtl")
    # In a right-to-left language the last tab is the leftmost.
    await bob.dialog.get_by_role("tab", name="المظهر").focus()
    await bob.page.keyboard.press("ArrowRight")
    await expect(bob.dialog.get_by_role("tab", name="المحظورون")).to_have_attribute("aria-selected", "true")
    await bob.page.keyboard.press("Escape")

    # Rows and labels that were shown before, and a new message.
    await expect(bob.page.get_by_role("log", name=f"الرسائل مع {ann.name}")).to_be_visible()
    await expect(bob.page.get_by_role("article", name=f"{ann.name}، ")).to_contain_text("Good evening")
    await ann.send("Which language is that?")
    await expect(bob.page.get_by_role("article", name=f"{ann.name}، ")).to_have_count(2)

    await bob.page.reload()

    await is_shown_in(bob.page, "ar", "rtl")
    await expect(bob.page.get_by_role("navigation", name="المحادثات")).to_be_visible()
