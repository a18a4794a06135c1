"""Sends, lists and uploads over REST."""

from typing import Any
from uuid import uuid4

import httpx

from tests.e2e.people import Person

Json = dict[str, Any]


async def send(client: httpx.AsyncClient, sender: Person, receiver: Person, text: str, **fields: object) -> Json:
    """The sent message."""
    body = {"client_message_id": str(uuid4()), "text": text, **fields}
    answer = await client.post(f"/api/messages/{receiver.user_id}", json=body, headers=sender.headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["message"])


async def history(client: httpx.AsyncClient, reader: Person, other: Person, **query: str | int) -> list[Json]:
    """The chat's messages as `reader` sees them."""
    answer = await client.get(f"/api/messages/{other.user_id}", params=query, headers=reader.headers)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["messages"])


async def upload(client: httpx.AsyncClient, owner: Person, name: str, data: bytes) -> Json:
    """The stored file."""
    answer = await client.post("/api/upload/message", files={"file": (name, data)}, headers=owner.headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())
