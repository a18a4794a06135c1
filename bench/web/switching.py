"""Memory after a thousand switches between chats, measured after garbage collection."""

from playwright.async_api import Browser, CDPSession

from bench.sides.side import Result
from tests.e2e.mesh import Mesh
from tests.web.people import People
from tests.web.screen import Screen

_CHATS = 12
_MESSAGES = 20
_EARLY = 200
_LATE = 1_200


async def measure(mesh: Mesh, browser: Browser) -> Result:
    people = People(mesh.url, browser)
    ann = await people.member("ann")
    for chat in range(_CHATS):
        await ann.create_group(f"Chat {chat}", [])
        for number in range(_MESSAGES):
            await ann.send(f"Message {number} of chat {chat}")
        await ann.stored(f"Message {_MESSAGES - 1} of chat {chat}").wait_for()
    inspector = await ann.browser.new_cdp_session(ann.page)
    await _switch(ann, 0, _EARLY)
    early = await _held(inspector)
    await _switch(ann, _EARLY, _LATE)
    late = await _held(inspector)
    await people.leave()
    return {
        "early_mb": early["heap"] / 1e6,
        "late_mb": late["heap"] / 1e6,
        "more_nodes": late["nodes"] - early["nodes"],
        "early": early,
        "late": late,
    }


async def _switch(screen: Screen, first: int, last: int) -> None:
    for number in range(first, last):
        chat = number % _CHATS
        await screen.page.evaluate(
            "name => [...document.querySelectorAll('nav button[data-chat]')]"
            ".find(row => row.querySelector('bdi').textContent === name).click()",
            f"Chat {chat}",
        )
        await screen.stored(f"Message {_MESSAGES - 1} of chat {chat}").wait_for()


async def _held(inspector: CDPSession) -> dict[str, float]:
    await inspector.send("HeapProfiler.enable")
    # The second collection frees what finalisers released.
    for _ in range(3):
        await inspector.send("HeapProfiler.collectGarbage")
    heap = await inspector.send("Runtime.getHeapUsage")
    counts = await inspector.send("Memory.getDOMCounters")
    return {"heap": heap["usedSize"], "nodes": counts["nodes"], "listeners": counts["jsEventListeners"]}
