"""The list of chats, and groups, with live changes for all members."""

from playwright.async_api import expect

from tests.web.people import People


async def test_messages_in_another_chat_are_counted_and_marked_as_new(people: People) -> None:
    ann, bob = await people.pair()
    await ann.send("Seen")
    await expect(bob.message("Seen")).to_be_visible()
    await bob.create_group("Elsewhere", [])

    await ann.send("Missed")
    await ann.send("Missed too")
    row = bob.chat_row(ann.name)
    await expect(row).to_contain_text("2 unread messages")
    await expect(row).to_contain_text("Missed too")
    await bob.open_chat(ann.name)

    await expect(bob.log.get_by_text("New messages")).to_be_visible()
    await expect(row).not_to_contain_text("unread")


async def test_a_group_is_live_for_its_members_and_disappears_for_removed_ones(people: People) -> None:
    ann, bob = await people.pair()
    await ann.create_group("Hikers", [bob.name])

    await bob.open_chat("Hikers")
    await bob.send("Where to?")
    await expect(ann.message("Where to?")).to_be_visible()
    await ann.open_details()
    await ann.panel.get_by_label("Group name").fill("Climbers")
    await ann.panel.get_by_role("button", name="Save").click()
    await expect(bob.chat_row("Climbers")).to_be_visible()
    await ann.panel.get_by_role("button", name=f"Actions for {bob.name}").click()
    await ann.page.get_by_role("menuitem", name="Remove from group").click()
    await ann.page.get_by_role("alertdialog").get_by_role("button", name="Remove").click()

    await expect(bob.chat_row("Climbers")).to_have_count(0)


async def test_new_messages_do_not_scroll_away_from_older_ones(people: People) -> None:
    ann, bob = await people.pair()
    for number in range(30):
        await ann.send(f"line {number}.")
    await expect(ann.tick("line 29.")).to_have_attribute("data-receipt", "read")

    await bob.log.hover()
    await bob.page.mouse.wheel(0, -100_000)
    await expect(bob.message("line 0.")).to_be_in_viewport()
    await ann.send("news")

    await expect(bob.page.get_by_role("button", name="1 new message")).to_be_visible()
    await expect(bob.message("line 0.")).to_be_in_viewport()
    await bob.page.get_by_role("button", name="1 new message").click()
    await expect(bob.message("news")).to_be_in_viewport()


async def test_the_end_stays_in_view_when_the_chat_is_resized(people: People) -> None:
    ann, bob = await people.pair()
    for number in range(14):
        await ann.send(
            f"A line so long that it needs a second one where the chat has a panel beside it, number {number}."
        )
    last = ann.message("number 13.")
    await expect(last).to_be_in_viewport(ratio=1)

    # Twice, because the second time every line has been measured in both widths.
    for _ in range(2):
        await ann.open_details()
        await expect(last).to_be_in_viewport(ratio=1)
        await ann.panel.get_by_role("button", name="Close").click()
        await expect(last).to_be_in_viewport(ratio=1)
    await ann.open_details()
    await bob.send("Seen at once")

    await expect(ann.message("Seen at once")).to_be_in_viewport(ratio=1)
    await expect(ann.page.get_by_role("button", name="Jump to the latest messages")).to_have_count(0)


async def test_new_members_see_earlier_messages_only_if_the_group_shows_them(people: People) -> None:
    ann, bob = await people.pair()
    cid = await people.member("cid")
    await ann.create_group("Planning", [])
    await ann.send("Before anyone joined")
    await expect(ann.stored("Before anyone joined")).to_be_visible()

    await ann.open_details()
    switch = ann.panel.get_by_role("checkbox", name="New members can see earlier messages")
    await expect(switch).to_be_checked()
    await switch.click()
    await expect(switch).not_to_be_checked()
    await ann.add_to_group(bob.name)
    await bob.open_chat("Planning")
    await expect(bob.page.get_by_text("Earlier messages are not visible to you")).to_be_visible()
    await ann.send("Welcome")
    await expect(bob.message("Welcome")).to_be_visible()
    await bob.page.reload()
    await expect(bob.message("Welcome")).to_be_visible()
    await expect(bob.log.get_by_text("Earlier messages are not visible to you")).to_be_visible()
    await expect(bob.messages).to_have_count(1)
    await bob.open_details()
    await expect(bob.panel.get_by_role("checkbox")).to_have_count(0)

    await switch.click()
    await expect(switch).to_be_checked()
    await ann.add_to_group(cid.name)
    await cid.open_chat("Planning")

    await expect(cid.message("Before anyone joined")).to_be_visible()
    await expect(cid.log.get_by_text("Earlier messages are not visible to you")).to_have_count(0)
    await expect(bob.messages).to_have_count(1)
