"""Components and pages of messages that load late: an action before that takes effect once they are loaded."""

import asyncio

from chatly.messaging.v1 import messaging_service_pb2 as messaging
from playwright.async_api import Route, expect

from tests.waiting import eventually
from tests.web.browser_cache import is_cached
from tests.web.people import People, account
from tests.web.routing import hold_requests
from tests.web.screen import Account, Screen
from tests.web.test_search import search, search_for, send_many

SUBSCRIBE = "**/chatly.messaging.v1.MessagingService/Subscribe"
LIST_MESSAGES = "**/chatly.messaging.v1.MessagingService/ListMessages"
# Delays the newest page until the cached messages have been rendered.
_LATE_PAGE = """
const fetch = window.fetch;
const frame = () => new Promise(requestAnimationFrame);
window.fetch = async (input, init) => {
  const response = await fetch(input, init);
  const url = input instanceof Request ? input.url : String(input);
  if (!url.endsWith("/ListMessages")) return response;
  await response.clone().arrayBuffer();
  while (document.querySelector("[role=log] article") === null) await frame();
  for (let left = 3; left > 0; left--) await frame();
  return response;
};
"""

_FRAMES = "async (count) => { while (count--) await new Promise(requestAnimationFrame); }"


async def test_a_click_opens_a_menu_once_it_is_loaded(people: People) -> None:
    ann = await people.visitor()
    loaded = await hold_requests(ann.page, "**/assets/MenuContent-*.js")
    await ann.register(account("ann"))
    await ann.page.get_by_role("button", name="New chat").first.click()
    await expect(ann.page.get_by_role("menuitem", name="New group")).to_have_count(0)

    loaded.set()

    await expect(ann.page.get_by_role("menuitem", name="New group")).to_be_visible()


async def test_enter_opens_a_menu_once_it_is_loaded_and_escape_returns_to_the_button(people: People) -> None:
    ann = await people.visitor()
    loaded = await hold_requests(ann.page, "**/assets/MenuContent-*.js")
    await ann.register(account("ann"))
    button = ann.chats.get_by_role("button", name="New chat").first
    await button.focus()
    await button.press("Enter")

    loaded.set()

    await expect(ann.page.get_by_role("menuitem", name="New group")).to_be_visible()
    await ann.page.keyboard.press("Escape")
    await expect(button).to_be_focused()


async def test_a_cached_chat_stays_at_its_end_when_the_newest_page_arrives(people: People) -> None:
    bob, his, ann = await bob_sends_many(people, 70)
    await eventually(lambda: is_cached(bob.page, "line 70"), "the chat in the cache")
    chat = bob.page.url
    await bob.page.goto("about:blank")
    elsewhere = await people.visitor()
    await elsewhere.log_in(his)
    await elsewhere.open_chat(ann)
    await send_many(elsewhere, 20)
    await elsewhere.send("The newest")
    await expect(elsewhere.tick("The newest")).to_be_visible()

    # Live events would arrive one by one.
    await bob.browser.route(SUBSCRIBE, lambda route: route.abort())
    await bob.page.add_init_script(_LATE_PAGE)
    await bob.page.goto(chat)

    await expect(bob.message("The newest")).to_be_in_viewport()
    # Older messages may load too, if the list requested them meanwhile.
    await bob.page.evaluate(_FRAMES, 30)
    await expect(bob.page.get_by_role("log")).to_have_attribute("aria-busy", "false")
    await bob.page.evaluate(_FRAMES, 30)
    await expect(bob.message("The newest")).to_be_in_viewport()


async def test_a_short_cached_chat_requests_no_older_page_when_the_newest_page_arrives(
    people: People,
) -> None:
    bob, his, ann = await bob_sends_many(people, 25)
    await eventually(lambda: is_cached(bob.page, "line 25"), "the chat in the cache")
    chat = bob.page.url
    await bob.page.goto("about:blank")
    elsewhere = await people.visitor()
    await elsewhere.log_in(his)
    await elsewhere.open_chat(ann)
    await send_many(elsewhere, 60)
    await expect(elsewhere.tick("line 60")).to_be_visible()
    older_pages: list[str] = []

    async def record(route: Route) -> None:
        if start := request_of(route).start_message_id:
            older_pages.append(start)
        await route.continue_()

    # Live events would arrive one by one.
    await bob.browser.route(SUBSCRIBE, lambda route: route.abort())
    await bob.page.route(LIST_MESSAGES, record)
    await bob.page.add_init_script(_LATE_PAGE)
    await bob.page.goto(chat)
    await expect(bob.message("line 60")).to_be_in_viewport()
    await bob.page.evaluate(_FRAMES, 30)

    assert older_pages == []


async def test_older_messages_that_failed_to_load_are_retried(people: People) -> None:
    _, his, ann = await bob_sends_many(people, 90)
    elsewhere = await people.visitor()
    rejected = 0

    async def reject_older_pages(route: Route) -> None:
        nonlocal rejected
        if not request_of(route).start_message_id:
            return await route.continue_()
        rejected += 1
        return await route.abort()

    await elsewhere.page.route(LIST_MESSAGES, reject_older_pages)
    await elsewhere.log_in(his)
    await elsewhere.open_chat(ann)
    await expect(elsewhere.message("line 90")).to_be_in_viewport()
    await elsewhere.page.get_by_role("log").evaluate("(log) => log.scrollTo({ top: 0 })")
    await expect(elsewhere.page.get_by_role("log")).to_have_attribute("aria-busy", "true")
    await elsewhere.page.evaluate(_FRAMES, 30)
    assert 1 <= rejected <= 4

    await elsewhere.page.unroute(LIST_MESSAGES)
    await has_rows(elsewhere, 90)


async def test_the_end_of_an_older_part_stays_in_view_when_its_last_page_arrives(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("The needle")
    await send_many(ann, 60)
    await expect(ann.tick("line 60")).to_have_attribute("data-receipt", "read")
    released = asyncio.Event()

    async def hold_further_pages(route: Route) -> None:
        page = request_of(route)
        # Also the page before the newest: preloaded, it would complete the chat before the search.
        if page.start_message_id and page.page_size == 50:
            await released.wait()
        await route.continue_()

    await bob.page.route(LIST_MESSAGES, hold_further_pages)
    await bob.page.reload()
    await expect(bob.message("line 60")).to_be_visible()
    await search_for(bob, "needle")
    await search(bob).get_by_role("listitem").get_by_role("button").click()
    await expect(bob.message("The needle")).to_be_in_viewport()
    await bob.page.get_by_role("log").evaluate("(log) => log.scrollTo({ top: log.scrollHeight })")
    await expect(bob.message("line 25")).to_be_in_viewport()

    released.set()

    await has_rows(bob, 60)
    await expect(bob.message("line 25")).to_be_in_viewport()


async def bob_sends_many(people: People, count: int) -> tuple[Screen, Account, str]:
    """Return Bob's screen and account, and the name of the user to whom he sent the messages."""
    ann, his = await people.member("ann"), account("bob")
    bob = await people.visitor()
    await bob.register(his)
    await bob.open_new_chat(ann.name)
    await send_many(bob, count)
    await expect(bob.tick(f"line {count}")).to_be_visible()
    return bob, his, ann.name


def request_of(route: Route) -> messaging.ListMessagesRequest:
    return messaging.ListMessagesRequest.FromString((route.request.post_data_buffer or b"")[5:])


async def has_rows(screen: Screen, rows: int) -> None:
    """Wait until the list is high enough for the rows; only those near the view are rendered."""
    await screen.page.wait_for_function(
        "(rows) => document.querySelector('[role=log]').scrollHeight > rows * 51", arg=rows
    )
