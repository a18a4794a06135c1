"""How long a message takes to the screen: one's own from the keypress, another one's from its bytes' arrival."""

from playwright.async_api import Browser, expect

from bench.sides.side import Result
from bench.web.pages import pair, percentiles
from tests.e2e.mesh import Mesh
from tests.web.people import People

_WARM_UP = 10
_MESSAGES = 60


async def measure(mesh: Mesh, browser: Browser) -> Result:
    people = People(mesh.url, browser)
    ann, bob = await pair(people)
    own, incoming = [], []
    for number in range(_WARM_UP + _MESSAGES):
        text = f"message number {number:04}."
        await ann.composer.fill(text)
        own_paint = await ann.page.evaluate_handle("text => ({ at: probe.paintOf(text) })", text)
        other_paint = await bob.page.evaluate_handle(
            "text => { probe.expect(text); return { at: probe.paintOf(text) } }", text
        )
        await ann.page.keyboard.press("Enter")
        own.append(await own_paint.evaluate("async paint => (await paint.at) - probe.pressed"))
        incoming.append(
            await other_paint.evaluate("async (paint, text) => (await paint.at) - probe.arrived.get(text)", text)
        )
        await expect(ann.tick(text)).to_have_attribute("data-receipt", "read")
    await people.leave()
    return {"own_ms": percentiles(own[_WARM_UP:]), "incoming_ms": percentiles(incoming[_WARM_UP:])}
