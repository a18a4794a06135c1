"""Touch gestures besides tapping: long press and drag."""

from playwright.async_api import Locator

from tests.web.screen import Screen


async def long_press(screen: Screen, target: Locator) -> None:
    """Press until the menu opens, with a small movement as of a real finger."""
    x, y = await _middle(target)
    devices = await screen.browser.new_cdp_session(screen.page)
    for kind, points in (("touchStart", [{"x": x, "y": y}]), ("touchMove", [{"x": x + 2, "y": y + 3}])):
        await devices.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    await screen.page.get_by_role("menu").wait_for()
    await devices.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    await devices.detach()


async def choose_by_long_press(screen: Screen, text: str, action: str) -> None:
    """Choose an action in the menu that a long press on a message opens."""
    await screen.stored(text).wait_for()
    await long_press(screen, screen.body(text))
    await screen.page.get_by_role("menuitem", name=action, exact=True).tap()


async def delete(screen: Screen, text: str, action: str) -> None:
    await choose_by_long_press(screen, text, action)
    await screen.page.get_by_role("alertdialog").get_by_role("button", name="Delete").tap()


async def drag(screen: Screen, target: Locator, *, right: int) -> None:
    """Drag from the centre of an element, by some pixels. The finger stops before it lifts, so that it is no fling."""
    x, y = await _middle(target)
    devices = await screen.browser.new_cdp_session(screen.page)
    gesture = {"x": x, "y": y, "xDistance": right, "preventFling": True, "gestureSourceType": "touch"}
    await devices.send("Input.synthesizeScrollGesture", gesture)
    await devices.detach()


async def _middle(target: Locator) -> tuple[float, float]:
    await target.scroll_into_view_if_needed()
    box = await target.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
