"""Accounts of the example programs, over REST."""

import httpx

_PASSWORD = "chatly-example"


async def register(client: httpx.AsyncClient, name: str) -> str:
    """Register the account that a program of this name logs in to; return its user_id."""
    account = {"username": name, "email": f"{name}@example.com", "password": _PASSWORD}
    answer = await client.post("/api/auth/register", json=account)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["user_id"])


async def log_in(client: httpx.AsyncClient, name: str) -> httpx.AsyncClient:
    """Log in, and return the client with the access token."""
    account = {"email": f"{name}@example.com", "password": _PASSWORD}
    answer = await client.post("/api/auth/login", json=account)
    assert answer.status_code == 200, answer.text
    client.headers["authorization"] = f"Bearer {answer.json()['token']}"
    return client
