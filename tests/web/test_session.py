"""Logging out and in again."""

from playwright.async_api import expect

from tests.web.people import People, account


async def test_a_logout_leaves_nothing_and_a_login_works_again(people: People) -> None:
    ann = await people.visitor()
    her = account("ann")
    await ann.register(her)

    await ann.log_out()
    await expect(ann.page.get_by_role("heading", name="Welcome back")).to_be_visible()
    stored = await ann.page.evaluate("indexedDB.databases().then(found => [found.length, localStorage.length])")
    await ann.log_in(her)

    assert stored == [0, 0]
    await expect(ann.chats).to_be_visible()
