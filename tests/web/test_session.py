"""Who is logged in, and for how long."""

from playwright.async_api import expect

from tests.web.people import People, account


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
