"""What a browser keeps of the chats for the next visit."""

from playwright.async_api import Page

_IS_KEPT = """async (text) => {
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


async def is_kept(page: Page, text: str) -> bool:
    """Whether a message of that text is among them. Not for `wait_for_function`, which takes a promise for a yes."""
    kept: bool = await page.evaluate(_IS_KEPT, text)
    return kept
