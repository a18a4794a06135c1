"""Parts of the client, and of a chat, that are loaded late: what was asked of them before is done when they come."""

import asyncio

from chatly.messaging.v1 import messaging_service_pb2 as messaging
from playwright.async_api import Route, expect

from tests.waiting import eventually
from tests.web.kept import is_kept
from tests.web.late import held_back
from tests.web.people import People, account
from tests.web.screen import Account, Screen
from tests.web.test_search import look_for, say_many, search

SUBSCRIBE = "**/chatly.messaging.v1.MessagingService/Subscribe"
LIST_MESSAGES = "**/chatly.messaging.v1.MessagingService/ListMessages"
# The newest page comes just when what was kept from the last visit has been drawn.
_LATE_PAGE = """
const asked = window.fetch;
const frame = () => new Promise(requestAnimationFrame);
window.fetch = async (input, init) => {
  const answer = await asked(input, init);
  const url = input instanceof Request ? input.url : String(input);
  if (!url.endsWith("/ListMessages")) return answer;
  await answer.clone().arrayBuffer();
  while (document.querySelector("[role=log] article") === null) await frame();
  for (let left = 3; left > 0; left--) await frame();
  return answer;
};
"""

_FRAMES = "async (count) => { while (count--) await new Promise(requestAnimationFrame); }"


async def test_a_click_on_a_menu_that_is_still_being_loaded_opens_it_when_it_is_there(people: People) -> None:
    ann = await people.visitor()
    loaded = await held_back(ann.page, "**/assets/MenuContent-*.js")
    await ann.register(account("ann"))
    await ann.page.get_by_role("button", name="New chat").first.click()
    await expect(ann.page.get_by_role("menuitem", name="New group")).to_have_count(0)

    loaded.set()

    await expect(ann.page.get_by_role("menuitem", name="New group")).to_be_visible()


async def test_the_keyboard_opens_it_too_and_is_led_back_to_the_button(people: People) -> None:
    ann = await people.visitor()
    loaded = await held_back(ann.page, "**/assets/MenuContent-*.js")
    await ann.register(account("ann"))
    button = ann.chats.get_by_role("button", name="New chat").first
    await button.focus()
    await button.press("Enter")

    loaded.set()

    await expect(ann.page.get_by_role("menuitem", name="New group")).to_be_visible()
    await ann.page.keyboard.press("Escape")
    await expect(button).to_be_focused()


async def test_a_chat_kept_from_the_last_visit_stays_at_its_end_when_the_newest_page_comes(people: People) -> None:
    bob, his, ann = await bob_says_many(people, 70)
    await eventually(lambda: is_kept(bob.page, "line 70"), "the chat in the cache")
    chat = bob.page.url
    await bob.page.goto("about:blank")
    elsewhere = await people.visitor()
    await elsewhere.log_in(his)
    await elsewhere.open_chat(ann)
    await say_many(elsewhere, 20)
    await elsewhere.send("The newest")
    await expect(elsewhere.tick("The newest")).to_be_visible()

    # What is told live would come one by one.
    await bob.browser.route(SUBSCRIBE, lambda route: route.abort())
    await bob.page.add_init_script(_LATE_PAGE)
    await bob.page.goto(chat)

    await expect(bob.message("The newest")).to_be_in_viewport()
    # Older ones may come, too, if the list was asked for them on the way.
    await bob.page.evaluate(_FRAMES, 30)
    await expect(bob.page.get_by_role("log")).to_have_attribute("aria-busy", "false")
    await bob.page.evaluate(_FRAMES, 30)
    await expect(bob.message("The newest")).to_be_in_viewport()


async def test_a_short_chat_kept_from_the_last_visit_asks_for_nothing_older_when_the_newest_page_comes(
    people: People,
) -> None:
    ann, bob = await people.pair()
    await say_many(ann, 25)
    chat = bob.page.url
    await eventually(lambda: is_kept(bob.page, "line 25"), "the chat in the cache")
    await bob.page.goto("about:blank")
    await say_many(ann, 60)
    await expect(ann.tick("line 60")).to_be_visible()
    older_pages: list[str] = []

    async def hear(route: Route) -> None:
        if start := asked(route).start_message_id:
            older_pages.append(start)
        await route.continue_()

    # What is told live would come one by one.
    await bob.browser.route(SUBSCRIBE, lambda route: route.abort())
    await bob.page.route(LIST_MESSAGES, hear)
    await bob.page.add_init_script(_LATE_PAGE)
    await bob.page.goto(chat)
    await expect(bob.message("line 60")).to_be_in_viewport()
    await bob.page.evaluate(_FRAMES, 30)

    assert older_pages == []


async def test_older_messages_that_could_not_be_loaded_come_by_themselves_later(people: People) -> None:
    _, his, ann = await bob_says_many(people, 90)
    elsewhere = await people.visitor()
    refused = 0

    async def refuse_older_pages(route: Route) -> None:
        nonlocal refused
        if not asked(route).start_message_id:
            return await route.continue_()
        refused += 1
        return await route.abort()

    await elsewhere.page.route(LIST_MESSAGES, refuse_older_pages)
    await elsewhere.log_in(his)
    await elsewhere.open_chat(ann)
    await expect(elsewhere.message("line 90")).to_be_in_viewport()
    await elsewhere.page.get_by_role("log").evaluate("(log) => log.scrollTo({ top: 0 })")
    await expect(elsewhere.page.get_by_role("log")).to_have_attribute("aria-busy", "true")
    await elsewhere.page.evaluate(_FRAMES, 30)
    assert 1 <= refused <= 4

    await elsewhere.page.unroute(LIST_MESSAGES)
    await has_so_many_rows(elsewhere, 90)


async def test_whom_older_pages_led_to_their_end_reads_on_there_when_the_last_one_comes(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("The needle")
    await say_many(ann, 60)
    released = asyncio.Event()

    async def hold_further_pages(route: Route) -> None:
        page = asked(route)
        # The one before the newest too: asked for ahead, it would make the chat whole before anybody searches.
        if page.start_message_id and page.page_size == 50:
            await released.wait()
        await route.continue_()

    await bob.page.route(LIST_MESSAGES, hold_further_pages)
    await bob.page.reload()
    await expect(bob.message("line 60")).to_be_visible()
    await look_for(bob, "needle")
    await search(bob).get_by_role("listitem").get_by_role("button").click()
    await expect(bob.message("The needle")).to_be_in_viewport()
    await bob.page.get_by_role("log").evaluate("(log) => log.scrollTo({ top: log.scrollHeight })")
    await expect(bob.message("line 25")).to_be_in_viewport()

    released.set()

    await has_so_many_rows(bob, 60)
    await expect(bob.message("line 25")).to_be_in_viewport()


async def bob_says_many(people: People, count: int) -> tuple[Screen, Account, str]:
    """Bob's screen and account, and whom he has written to: he may look at the chat from elsewhere."""
    ann, his = await people.member("ann"), account("bob")
    bob = await people.visitor()
    await bob.register(his)
    await bob.open_new_chat(ann.name)
    await say_many(bob, count)
    await expect(bob.tick(f"line {count}")).to_be_visible()
    return bob, his, ann.name


def asked(route: Route) -> messaging.ListMessagesRequest:
    return messaging.ListMessagesRequest.FromString((route.request.post_data_buffer or b"")[5:])


async def has_so_many_rows(screen: Screen, rows: int) -> None:
    """Wait until the list has room for them, though only those near the view are drawn."""
    await screen.page.wait_for_function(
        "(rows) => document.querySelector('[role=log]').scrollHeight > rows * 51", arg=rows
    )
