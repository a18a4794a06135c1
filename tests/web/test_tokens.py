"""Tokens that expire while people chat."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.e2e.mesh import running_mesh
from tests.web.people import People

TOKEN_SECONDS = 10
LONG_MS = 60_000
REFRESH = "/chatly.auth.v1.AuthService/Refresh"


# It starts a mesh of its own and waits for two expiries.
@pytest.mark.timeout(300)
async def test_expired_tokens_are_renewed_without_missing_a_message(
    browser: Browser, client: None, tmp_path: Path
) -> None:
    async with running_mesh(tmp_path, CHATLY_AUTH_ACCESS_TOKEN_SECONDS=str(TOKEN_SECONDS)) as mesh:
        people = People(mesh.url, browser)
        ann, bob = await people.pair()
        await ann.send("before")
        await expect(bob.message("before")).to_be_visible()

        # Twice, so that renewed tokens expire too.
        for _ in range(2):
            async with ann.page.expect_response(f"**{REFRESH}", timeout=LONG_MS):
                await bob.send("meanwhile")
        await bob.send("after")
        await expect(ann.message("after")).to_be_visible()
        await ann.send("and on")

        for screen in (ann, bob):
            await expect(screen.messages).to_contain_text(["before", "meanwhile", "meanwhile", "after", "and on"])
        await people.leave()
        assert people.errors == []
