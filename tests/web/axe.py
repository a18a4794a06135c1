"""Runs axe-core, a development dependency of the client, in a page."""

from pathlib import Path
from typing import Any

from playwright.async_api import Page

_AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"
_SERIOUS = {"serious", "critical"}
# Only the contrast of colours depends on the theme.
_COLOURS = {"runOnly": ["color-contrast"]}
# A dialog keeps the focus, so the page behind it cannot be reached (see test_keyboard.py).
_REACHABLE = {"exclude": [["[data-aria-hidden]"]]}


async def violations(page: Page, *, colours_only: bool = False) -> list[str]:
    """Return the serious and critical violations of the page, one entry per element."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_AXE.read_text())
    options: dict[str, Any] = {"resultTypes": ["violations"], **(_COLOURS if colours_only else {})}
    found = await page.evaluate("([context, options]) => axe.run(context, options)", [_REACHABLE, options])
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}\n    {node['html'][:200]}\n    {node['failureSummary']}"
        for rule in found["violations"]
        if rule["impact"] in _SERIOUS
        for node in rule["nodes"]
    ]
