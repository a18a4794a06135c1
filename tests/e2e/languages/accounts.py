"""The accounts of the example programs, as a test sees them: over REST."""

import httpx

_PASSWORD = "chatly-example"


async def register(client: httpx.AsyncClient, name: str) -> str:
    """Make the account that a program with this name logs in to; returns its user_id."""
    account = {"username": name, "email": f"{name}@example.com", "password": _PASSWORD}
    answer = await client.post("/api/auth/register", json=account)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["user_id"])


async def log_in(client: httpx.AsyncClient, name: str) -> httpx.AsyncClient:
    """The client, from now on with this account's token."""
    account = {"email": f"{name}@example.com", "password": _PASSWORD}
    answer = await client.post("/api/auth/login", json=account)
    assert answer.status_code == 200, answer.text
    client.headers["authorization"] = f"Bearer {answer.json()['token']}"
    return client
