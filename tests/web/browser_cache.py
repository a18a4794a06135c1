"""Reads the cache of chats in a page's IndexedDB."""

from playwright.async_api import Page

_IS_CACHED = """async (text) => {
  const found = (request) => new Promise((done, fail) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
  });
  const [{ name }] = await indexedDB.databases();
  const database = await found(indexedDB.open(name));
  const all = (store) => found(database.transaction(store).objectStore(store).getAll());
  const [chats, lists] = await Promise.all([all("chats"), all("messages")]);
  database.close();
  return chats.length > 0 && lists.some(({ items }) => items.some((message) => message.text === text));
}"""


async def is_cached(page: Page, text: str) -> bool:
    """Say whether the cache contains a message with this text.

    Poll this instead of using `wait_for_function`, which treats any promise as true.
    """
    cached: bool = await page.evaluate(_IS_CACHED, text)
    return cached
