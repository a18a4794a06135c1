"""The setting `history_visibility` of groups, and the messages that it hides, in JSON."""

from uuid import uuid4

import httpx

from tests.e2e.people import Person
from tests.problems import reason


async def test_a_group_hides_earlier_messages_from_new_members(
    client: httpx.AsyncClient, pair: tuple[Person, Person]
) -> None:
    ann, bob = pair
    new = {"client_group_id": str(uuid4()), "title": "Team", "history_visibility": "HISTORY_VISIBILITY_JOINED"}
    made = (await client.post("/api/groups", json=new, headers=ann.headers)).json()["chat"]
    group = f"/api/groups/{made['chat_id']}"
    assert made["history_visibility"] == "HISTORY_VISIBILITY_JOINED"
    assert made["hidden_ranges"] == []

    messages = f"/api/chats/{made['chat_id']}/messages"
    text = {"client_message_id": str(uuid4()), "text": "before"}
    before = (await client.post(messages, json=text, headers=ann.headers)).json()["message"]["message_id"]
    joined = await client.post(f"{group}/members", json={"user_ids": [bob.user_id]}, headers=ann.headers)
    assert joined.status_code == 200, joined.text
    (chat,) = (await client.get("/api/chats", headers=bob.headers)).json()["chats"]
    assert chat["hidden_ranges"] == [{"after_message_id": "", "through_message_id": before}]
    assert (await client.get(messages, headers=bob.headers)).json()["messages"] == []
    hidden = await client.get(f"{messages}/{before}", headers=bob.headers)
    assert (hidden.status_code, reason(hidden)) == (404, "MESSAGE_NOT_FOUND")

    mask = {"update_mask": "history_visibility"}
    shared = {"history_visibility": "HISTORY_VISIBILITY_SHARED", **mask}
    changed = await client.patch(group, json=shared, headers=ann.headers)
    assert changed.json()["chat"]["history_visibility"] == "HISTORY_VISIBILITY_SHARED"
    refused = await client.patch(group, json=mask, headers=ann.headers)
    assert (refused.status_code, reason(refused)) == (400, "INVALID_FIELD")
