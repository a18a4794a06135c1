"""The read mark follows what was on screen: never more."""

from collections.abc import Sequence

from playwright.async_api import expect

from tests.web.people import DESKTOP, PHONE, People
from tests.web.screen import Screen, Size

UNREAD = 1_000

_FILL = """async ({chat, texts}) => {
  const headers = { "content-type": "application/json" };
  for (const text of texts) {
    const body = JSON.stringify({ text, client_message_id: crypto.randomUUID() });
    const response = await fetch(`/api/chats/${chat}/messages`, { method: "POST", headers, body });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  }
}"""

_MARK = """async ({chat, user}) => {
  const { chat: found } = await (await fetch(`/api/chats/${chat}`)).json();
  return found.members.find((member) => member.user_id === user).read_message_id ?? "";
}"""

_TEXT = """async ({chat, id}) =>
  (await (await fetch(`/api/chats/${chat}/messages/${id}`)).json()).message.text"""

_IN_VIEW = """(log) => {
  const { top, bottom } = log.getBoundingClientRect();
  const rows = [...log.querySelectorAll("article")].map((row) => [row, row.getBoundingClientRect()]);
  const seen = rows.filter(([, box]) => box.top >= top - 1 && box.bottom <= bottom + 1);
  return seen.map(([row]) => Number(/line (\\d+)\\./.exec(row.textContent)[1]));
}"""

_HIDE = """(hidden) => {
  const state = hidden ? "hidden" : "visible";
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
  Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
  document.hasFocus = () => !hidden;
  document.dispatchEvent(new Event("visibilitychange"));
  window.dispatchEvent(new Event(hidden ? "blur" : "focus"));
}"""


class Reading:
    """Ann has written to Bob, who has not opened the chat since."""

    def __init__(self, ann: Screen, bob: Screen) -> None:
        self.ann = ann
        self.bob = bob
        self.chat = ann.page.url.rsplit("/", 1)[-1]

    async def write(self, numbers: Sequence[int]) -> None:
        texts = [f"line {number}." for number in numbers]
        await self.ann.page.evaluate(_FILL, {"chat": self.chat, "texts": texts})

    async def read_up_to(self) -> int:
        """Return the number of the newest message that Ann's service says Bob has read; 0 if none."""
        me = await self.bob.page.evaluate("JSON.parse(localStorage.getItem('chatly.session')).userId")
        mark = await self.ann.page.evaluate(_MARK, {"chat": self.chat, "user": me})
        if not mark:
            return 0
        text: str = await self.ann.page.evaluate(_TEXT, {"chat": self.chat, "id": mark})
        return int(text.removeprefix("line ").removesuffix("."))

    async def in_view(self) -> list[int]:
        """Return the numbers of the messages that Bob sees whole."""
        numbers: list[int] = await self.bob.log.evaluate(_IN_VIEW)
        return numbers

    async def settled(self) -> int:
        """Return `read_up_to` once Bob's client has sent its mark."""
        await self.bob.page.wait_for_timeout(1_500)
        return await self.read_up_to()


async def reading(people: People, unread: int, *, size: Size = DESKTOP) -> Reading:
    ann, bob = await people.pair(size=size)
    found = Reading(ann, bob)
    await leave(bob)
    await found.write(range(1, unread + 1))
    await bob.page.reload()
    await bob.chat_row(ann.name).wait_for()
    return found


async def leave(screen: Screen) -> None:
    await screen.page.keyboard.press("Escape")
    await screen.composer.wait_for(state="hidden")


async def test_opening_a_chat_marks_only_what_was_on_screen(people: People) -> None:
    chat = await reading(people, UNREAD)
    ann, bob = chat.ann, chat.bob
    await expect(bob.chat_row(ann.name)).to_contain_text("999+ unread messages")

    await bob.open_chat(ann.name)
    await expect(bob.log.get_by_text("New messages")).to_be_in_viewport()
    await expect(bob.message("line 1.").first).to_be_in_viewport(ratio=1)
    read = await chat.settled()

    shown = await chat.in_view()
    assert shown[0] == 1
    assert 1 <= read <= shown[-1] + 1 < 40
    await expect(ann.tick(f"line {UNREAD}.")).to_have_attribute("data-receipt", "sent")

    # Scrolling reads on.
    await bob.log.hover()
    for _ in range(4):
        await bob.page.mouse.wheel(0, 400)
        await bob.page.wait_for_timeout(150)
    later = await chat.settled()
    assert read < later <= (await chat.in_view())[-1] + 1
    await expect(bob.chat_row(ann.name)).to_contain_text(f"{UNREAD - later} unread messages")

    # The button leads to the newest message, and marks everything.
    await bob.page.get_by_role("button", name="Jump to the latest messages").click()
    await expect(bob.message(f"line {UNREAD}.")).to_be_in_viewport(ratio=1)
    await expect(bob.chat_row(ann.name)).not_to_contain_text("unread")
    assert await chat.settled() == UNREAD
    await expect(ann.tick(f"line {UNREAD}.")).to_have_attribute("data-receipt", "read")


async def test_a_short_chat_is_read_when_it_is_shown(people: People) -> None:
    chat = await reading(people, 3, size=PHONE)

    await chat.bob.chat_row(chat.ann.name).tap()

    await expect(chat.ann.tick("line 3.")).to_have_attribute("data-receipt", "read")
    await expect(chat.bob.log.get_by_text("New messages")).to_be_visible()


async def test_the_button_shows_how_many_unread_messages_are_below(people: People) -> None:
    chat = await reading(people, 60)

    await chat.bob.open_chat(chat.ann.name)
    last = (await chat.in_view())[-1]
    read = await chat.settled()

    assert last <= read <= last + 1
    await expect(chat.bob.page.get_by_role("button", name=f"{60 - read} new messages")).to_be_visible()
    await chat.bob.page.get_by_role("button", name="new messages").click()
    assert await chat.settled() == 60


async def test_unread_messages_that_are_deleted_do_not_count(people: People) -> None:
    chat = await reading(people, 60)
    ann, bob = chat.ann, chat.bob
    await bob.open_chat(ann.name)
    read = await chat.settled()

    await ann.delete("line 58.")
    left = 59 - read
    await expect(bob.chat_row(ann.name)).to_contain_text(f"{left} unread messages")
    await expect(bob.page.get_by_role("button", name=f"{left} new messages")).to_be_visible()
    await bob.page.reload()
    await expect(bob.chat_row(ann.name)).to_contain_text(f"{left} unread messages")

    await bob.page.get_by_role("button", name="new messages").click()
    await expect(bob.chat_row(ann.name)).not_to_contain_text("unread")
    assert await chat.settled() == 60


async def test_a_hidden_tab_reads_nothing(people: People) -> None:
    chat = await reading(people, 3)
    ann, bob = chat.ann, chat.bob
    await bob.open_chat(ann.name)
    await expect(ann.tick("line 3.")).to_have_attribute("data-receipt", "read")

    await bob.page.evaluate(_HIDE, True)
    await chat.write(range(4, 64))
    await expect(bob.chat_row(ann.name)).to_contain_text("60 unread messages")
    assert await chat.settled() == 3
    await bob.page.evaluate(_HIDE, False)

    # Back in the tab, reading goes on where it stopped.
    await expect(bob.message("line 4.")).to_be_in_viewport(ratio=1)
    await expect(bob.log.get_by_text("New messages")).to_be_in_viewport()
    read = await chat.settled()
    assert 4 <= read <= (await chat.in_view())[-1] + 1 < 60


async def test_a_second_tab_shows_the_mark_of_the_first(people: People) -> None:
    chat = await reading(people, 60)
    ann, bob = chat.ann, chat.bob
    other = Screen(await bob.browser.new_page())
    await other.page.goto("/")
    await expect(other.chat_row(ann.name)).to_contain_text("60 unread messages")

    await bob.open_chat(ann.name)
    read = await chat.settled()

    assert 0 < read < 40
    await expect(bob.chat_row(ann.name)).to_contain_text(f"{60 - read} unread messages")
    await expect(other.chat_row(ann.name)).to_contain_text(f"{60 - read} unread messages")
    await other.open_chat(ann.name)
    await expect(other.message(f"line {read + 1}.")).to_be_in_viewport()


async def test_a_jump_over_unread_messages_reads_none_of_them(people: People) -> None:
    chat = await reading(people, 240)
    bob = chat.bob
    await bob.page.get_by_role("searchbox", name="Search chats").fill("240")
    await bob.page.get_by_role("button", name="Search messages for").click()
    hit = bob.page.get_by_role("complementary", name="Search messages").get_by_role("listitem")
    await hit.get_by_role("button").click()
    await expect(bob.message("line 240.")).to_be_in_viewport()

    assert await chat.settled() == 0
    await bob.page.get_by_role("button", name="240 unread messages").click()
    await expect(bob.message("line 1.").first).to_be_in_viewport(ratio=1)
    assert 0 < await chat.settled() < 40

    await bob.page.get_by_role("searchbox", name="Search chats").fill("240")
    await hit.get_by_role("button").click()
    await expect(bob.message("line 240.")).to_be_in_viewport()
    await bob.page.get_by_role("button", name="Mark as read").click()
    assert await chat.settled() == 240


async def test_a_message_taller_than_the_screen_is_read_at_its_end(people: People) -> None:
    ann, bob = await people.pair()
    chat = Reading(ann, bob)
    await leave(bob)
    await chat.write([1])
    await ann.send("\n".join(f"row {number}" for number in range(120)))
    await expect(ann.tick("row 119")).to_be_visible()

    await bob.open_chat(ann.name)
    await expect(bob.message("line 1.")).to_be_in_viewport()
    assert await chat.settled() == 1
    await expect(ann.tick("row 119")).to_have_attribute("data-receipt", "sent")
    await bob.log.hover()
    await bob.page.mouse.wheel(0, 100_000)

    await expect(ann.tick("row 119")).to_have_attribute("data-receipt", "read")


async def test_a_new_member_of_a_group_begins_to_read_where_they_joined(people: People) -> None:
    ann, bob = await people.pair()
    await ann.create_group("Readers", [])
    await expect(ann.page.get_by_role("heading", name="Readers")).to_be_visible()
    chat = Reading(ann, bob)
    await chat.write(range(1, 41))
    await ann.open_details()
    await ann.panel.get_by_role("button", name="Add people").click()
    await ann.search_people(bob.name)
    await ann.dialog.get_by_role("button", name=bob.name).click()
    await ann.dialog.get_by_role("button", name="Add people").click()
    await ann.dialog.wait_for(state="hidden")
    await chat.write(range(41, 100))

    await expect(bob.chat_row("Readers")).to_contain_text("59 unread messages")
    await bob.open_chat("Readers")

    await expect(bob.log.get_by_text("New messages")).to_be_in_viewport()
    await expect(bob.message("line 41.")).to_be_in_viewport(ratio=1)
    assert 41 <= await chat.settled() < 99
