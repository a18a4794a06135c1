"""Page object of the whole client. It asserts nothing; tests do."""

from collections.abc import Sequence
from dataclasses import dataclass

from playwright.async_api import Locator, Page

from tests.web.conversation import Conversation


@dataclass(frozen=True, slots=True)
class Account:
    username: str
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a window in CSS pixels."""

    width: int
    height: int

    @property
    def is_phone(self) -> bool:
        return self.width < 600


class Screen(Conversation):
    """One tab of the client."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.name = ""
        """The username of the logged-in user."""

    # Login

    async def register(self, account: Account) -> None:
        await self.fill_registration(account)
        await self._wait_for_home(account)

    async def fill_registration(self, account: Account) -> None:
        """Submit the registration form without waiting for the result."""
        await self.page.get_by_role("button", name="Create account").click()
        await self.page.get_by_label("Username").fill(account.username)
        await self._fill_credentials(account)
        await self.page.get_by_role("button", name="Create account").click()

    async def log_in(self, account: Account) -> None:
        await self._fill_credentials(account)
        await self.page.get_by_role("button", name="Log in").click()
        await self._wait_for_home(account)

    async def log_out(self) -> None:
        await self.open_own_menu()
        await self.page.get_by_role("menuitem", name="Log out").click()

    # Chats

    @property
    def chats(self) -> Locator:
        return self.page.get_by_role("navigation", name="Chats")

    def chat_row(self, name: str) -> Locator:
        return self.chats.get_by_role("button").filter(has_text=name)

    async def open_chat(self, name: str) -> None:
        await self.chat_row(name).click()
        await self.composer.wait_for()

    async def open_new(self, what: str) -> None:
        """Open the dialog for a new chat or a new group."""
        await self.chats.locator("[aria-haspopup=menu]").last.click()
        await self.page.get_by_role("menuitem", name=what).click()

    async def open_new_chat(self, name: str) -> None:
        """Find a user and open the chat with them."""
        await self.open_new("New chat")
        await self.search_people(name)
        await self.dialog.get_by_role("button", name=name).click()
        await self.composer.wait_for()

    async def create_group(self, title: str, names: Sequence[str]) -> None:
        await self.open_new("New group")
        await self.dialog.get_by_label("Group name").fill(title)
        for name in names:
            await self.search_people(name)
            await self.dialog.get_by_role("button", name=name).click()
        await self.dialog.get_by_role("button", name="Create group").click()
        await self.composer.wait_for()

    async def add_to_group(self, name: str) -> None:
        """Add a user to the group whose details are open."""
        await self.panel.get_by_role("button", name="Add people").click()
        await self.search_people(name)
        await self.dialog.get_by_role("button", name=name).click()
        await self.dialog.get_by_role("button", name="Add people").click()
        await self.dialog.wait_for(state="detached")

    # Dialogs

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    @property
    def own_name(self) -> Locator:
        """The name of the user whom the tab shows."""
        return self.chats.locator("[aria-haspopup=menu]").first.locator("bdi")

    async def open_own_menu(self) -> None:
        await self.chats.locator("[aria-haspopup=menu]").first.click()

    async def open_settings(self, tab: str = "Profile") -> None:
        await self.open_own_menu()
        await self.page.get_by_role("menuitem", name="Settings").click()
        await self.dialog.get_by_role("tab", name=tab).click()

    async def search_people(self, name: str) -> None:
        """Search in a dialog that lists people, and wait for the result: a changing list may lose a click."""
        async with self.page.expect_response("**/chatly.auth.v1.UserService/SearchUsers"):
            await self.dialog.get_by_label("Search people by name").fill(name)

    async def save_profile(self, *, bio: str) -> None:
        await self.open_settings()
        await self.dialog.get_by_label("About you").fill(bio)
        await self.dialog.get_by_role("button", name="Save").click()
        await self.page.get_by_role("status").get_by_text("Saved").wait_for()
        await self.close_dialog()

    async def close_dialog(self) -> None:
        await self.dialog.get_by_role("button", name="Close").click()
        await self.dialog.wait_for(state="hidden")

    async def _fill_credentials(self, account: Account) -> None:
        await self.page.get_by_label("Email address").fill(account.email)
        await self.page.get_by_label("Password", exact=True).fill(account.password)

    async def _wait_for_home(self, account: Account) -> None:
        await self.chats.wait_for()
        self.name = account.username
