"""The web client in a real Chromium: bytes of its first load, times until pixels are painted, long tasks and memory."""

from bench.report import Row, Section, spread
from bench.scale import Scale
from bench.sides.chatly import embedded
from bench.sides.side import Result
from bench.sides.stage import Stage
from bench.web import first_load, painting, scrolling, switching
from bench.web.pages import browser, build

SIDE = "Chatly embedded"
FIRST_LOAD = "JavaScript of the first load, kB of gzip"
OWN = "keypress → own message painted, median ms"
INCOMING = "bytes of another one's message → painted, median ms"
LONGEST = "longest task while scrolling through 10,000 messages, ms"


async def measure(_stage: Stage, scale: Scale) -> Section:
    """Each round uses a new browser. Values are medians of the rounds."""
    build()
    raw: list[Result] = []
    for _ in range(scale.rounds):
        async with embedded() as running, browser() as started:
            raw.append(
                {
                    "side": SIDE,
                    "first_load": first_load.measure(),
                    "painting": await painting.measure(running.mesh, started),
                    "scrolling": await scrolling.measure(running.mesh, started),
                    "switching": await switching.measure(running.mesh, started),
                }
            )
    return Section("The web client in Chromium", rows(raw), raw)


def rows(raw: list[Result]) -> list[Row]:
    def row(what: str, *path: str, goal: str = "") -> Row:
        return Row.of(what, SIDE, spread(raw, SIDE, *path), goal=goal)

    return [
        row(FIRST_LOAD, "first_load", "gzip_kb", goal="< 170"),
        row(OWN, "painting", "own_ms", "p50", goal="< 50"),
        row("… 95 of 100", "painting", "own_ms", "p95"),
        row(INCOMING, "painting", "incoming_ms", "p50", goal="< 30"),
        row("incoming …, 95 of 100", "painting", "incoming_ms", "p95"),
        row(LONGEST, "scrolling", "longest_task_ms", goal="< 100"),
        row("heap after 200 changes of the chat, MB", "switching", "early_mb"),
        row("heap after 1,000 more, MB", "switching", "late_mb", goal="flat"),
        row("nodes of the page more than 1,000 changes before", "switching", "more_nodes", goal="flat"),
    ]
