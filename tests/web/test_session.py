"""Logging out and in again, and a login as somebody else in another tab."""

from playwright.async_api import expect

from tests.web.people import People, account
from tests.web.screen import Account, Screen

_LOG_IN_BEHIND_THE_CLIENT = """async ({email, password}) => {
  const headers = { "content-type": "application/json" };
  const body = JSON.stringify({ email, password, use_cookies: true });
  const response = await fetch("/api/auth/login", { method: "POST", headers, body });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
}"""


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


async def test_a_tab_writes_nothing_as_another_user_whose_login_replaced_its_cookies(people: People) -> None:
    ann, carl = await people.pair()
    eve = await register(people, "eve")
    other_tab = Screen(await ann.browser.new_page())
    await other_tab.page.goto("/")
    await expect(other_tab.own_name).to_have_text(ann.name)

    await ann.page.evaluate(_LOG_IN_BEHIND_THE_CLIENT, {"email": eve.email, "password": eve.password})
    await ann.send("my secret")

    for tab in (ann, other_tab):
        await expect(tab.own_name).to_have_text(eve.username)
        await expect(tab.chat_row(carl.name)).to_have_count(0)
        await expect(tab.message("my secret")).to_have_count(0)
    await expect(carl.message("my secret")).to_have_count(0)
    await expect(carl.chats.get_by_role("button").filter(has_text=eve.username)).to_have_count(0)


async def test_a_tab_shows_the_user_of_its_cookies_once_it_has_the_focus(people: People) -> None:
    ann = await people.member("ann")
    eve = await register(people, "eve")

    await ann.page.evaluate(_LOG_IN_BEHIND_THE_CLIENT, {"email": eve.email, "password": eve.password})
    await ann.page.evaluate("window.dispatchEvent(new Event('focus'))")

    await expect(ann.own_name).to_have_text(eve.username)


async def test_a_login_as_another_user_in_one_tab_reaches_the_others(people: People) -> None:
    ann = await people.member("ann")
    eve = await register(people, "eve")
    other_tab = Screen(await ann.browser.new_page())
    await other_tab.page.goto("/")
    await expect(other_tab.own_name).to_have_text(ann.name)

    await ann.log_out()
    await ann.log_in(eve)

    await expect(other_tab.own_name).to_have_text(eve.username)


async def register(people: People, name: str) -> Account:
    """Create an account in a browser of its own."""
    new = account(name)
    await (await people.visitor()).register(new)
    return new
