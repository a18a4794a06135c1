"""axe-core, the client's own development dependency, run within a page."""

from pathlib import Path
from typing import Any

from playwright.async_api import Page

_AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"
_GRAVE = {"serious", "critical"}
# Colours alone depend on the theme; everything else is looked at once.
_COLOURS = {"runOnly": ["color-contrast"]}
# What lies behind a dialog cannot be reached: the dialog keeps the focus (see test_keyboard.py).
_WITHIN_REACH = {"exclude": [["[data-aria-hidden]"]]}


async def violations(page: Page, *, colours_only: bool = False) -> list[str]:
    """What is seriously or critically wrong with the page as it is now, one line for each element."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_AXE.read_text())
    options: dict[str, Any] = {"resultTypes": ["violations"], **(_COLOURS if colours_only else {})}
    found = await page.evaluate("([context, options]) => axe.run(context, options)", [_WITHIN_REACH, options])
    return [
        f"{rule['id']} ({rule['impact']}): {rule['help']}\n    {node['html'][:200]}\n    {node['failureSummary']}"
        for rule in found["violations"]
        if rule["impact"] in _GRAVE
        for node in rule["nodes"]
    ]
