"""Servers that are killed while pages are open: without any action every message arrives, once and in order."""

from pathlib import Path

from playwright.async_api import Browser, expect

from tests.e2e.mesh import Mesh, running_mesh
from tests.web.edge import Edge
from tests.web.people import People
from tests.web.screen import Screen


async def test_nothing_is_lost_when_every_service_is_killed_and_started_again(
    browser: Browser, client: None, tmp_path: Path
) -> None:
    async with running_mesh(tmp_path) as mesh:
        people = People(mesh.url, browser)
        ann, bob = await people.pair()
        await ann.send("before")
        await expect(bob.message("before")).to_be_visible()

        mesh.kill()
        await ann.send("meanwhile")
        await expect(ann.page.get_by_text("Connection lost.")).to_be_visible()
        await mesh.start()
        await bob.send("after")

        await all_messages_arrived(ann, bob)
        await people.leave()
        assert people.errors == []


async def test_nothing_is_lost_when_the_edge_is_killed_and_started_again(
    mesh: Mesh, browser: Browser, tmp_path: Path
) -> None:
    edge = Edge(mesh, tmp_path)
    await edge.start()
    try:
        people = People(edge.url, browser)
        ann, bob = await people.pair()
        await ann.send("before")
        await expect(bob.message("before")).to_be_visible()

        await edge.kill()
        await ann.send("meanwhile")
        await expect(ann.page.get_by_text("Connection lost.")).to_be_visible()
        await edge.start()
        await bob.send("after")

        await all_messages_arrived(ann, bob)
        await people.leave()
        assert people.errors == []
    finally:
        await edge.kill()


async def all_messages_arrived(ann: Screen, bob: Screen) -> None:
    for screen in (ann, bob):
        await expect(screen.messages).to_have_count(3)
        for text in ("before", "meanwhile", "after"):
            await expect(screen.stored(text)).to_have_count(1)
        await expect(screen.page.get_by_text("Connection lost.")).to_be_hidden()
