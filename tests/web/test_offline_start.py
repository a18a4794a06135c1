"""The client starts offline from the service worker's cache, which contains no user data."""

from playwright.async_api import expect

from tests.waiting import eventually
from tests.web.browser_cache import is_cached
from tests.web.people import People, account
from tests.web.screen import Screen

_READY = "navigator.serviceWorker.ready.then(() => true)"
_CACHED_PATHS = """caches.keys().then(async (names) => {
  const found = [];
  for (const name of names) for (const request of await (await caches.open(name)).keys()) found.push(request.url);
  return found.map((url) => new URL(url).pathname);
})"""


async def member_with_worker(people: People) -> Screen:
    screen = await people.visitor(service_worker=True)
    await screen.register(account("ann"))
    await screen.page.evaluate(_READY)
    return screen


async def test_the_client_opens_offline_with_the_chats_of_the_last_visit(people: People) -> None:
    ann = await member_with_worker(people)
    bob = await people.member("bob")
    await ann.open_new_chat(bob.name)
    await ann.send("Kept for later")
    await expect(ann.tick("Kept for later")).to_be_visible()
    # The worker controls the page from its next load on; the cache is written a second after the messages are shown.
    await ann.page.reload()
    await expect(ann.message("Kept for later")).to_be_visible()
    await ann.page.wait_for_function("navigator.serviceWorker.controller !== null")
    await eventually(lambda: is_cached(ann.page, "Kept for later"), "the chat and its message in the cache")

    await ann.browser.set_offline(True)
    await ann.page.reload()

    await expect(ann.message("Kept for later")).to_be_visible()
    await expect(ann.page.get_by_text("You're offline.")).to_be_visible()
    await ann.send("Written offline")
    await ann.browser.set_offline(False)
    await expect(ann.tick("Written offline")).to_be_visible(timeout=20_000)


async def test_every_page_of_the_client_opens_offline(people: People) -> None:
    ann = await member_with_worker(people)

    await ann.browser.set_offline(True)
    await ann.page.goto("/chat/of-somebody")

    await expect(ann.chats).to_be_attached()


async def test_the_cache_contains_only_the_client(people: People) -> None:
    ann = await member_with_worker(people)
    bob = await people.member("bob")
    await ann.open_new_chat(bob.name)
    await ann.send("Not in a cache")
    await expect(ann.tick("Not in a cache")).to_be_visible()
    await ann.page.reload()
    await expect(ann.message("Not in a cache")).to_be_visible()

    cached = await ann.page.evaluate(_CACHED_PATHS)

    assert "/index.html" in cached
    others = [path for path in cached if not path.startswith("/assets/")]
    assert sorted(others) == ["/icon.svg", "/index.html", "/manifest.webmanifest"]


async def test_the_about_page_is_not_the_client(people: People) -> None:
    ann = await member_with_worker(people)
    await ann.page.reload()

    await ann.page.goto("/about")

    await expect(ann.page.get_by_text("Chatly is running")).to_be_visible()
