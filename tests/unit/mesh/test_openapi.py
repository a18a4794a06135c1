"""The REST description says what the protos say."""

import pytest

from mesh.edge.openapi import Json, openapi

SEED_PATHS = [
    ("post", "/api/auth/register"),
    ("post", "/api/auth/login"),
    ("get", "/api/users"),
    ("get", "/api/messages/{user_id}"),
    ("delete", "/api/messages/{user_id}/{message_id}/{scope}"),
    ("get", "/api/profile/me"),
    ("put", "/api/profile/me"),
    ("post", "/api/reactions/{user_id}/{message_id}"),
    ("get", "/api/reactions/{user_id}/{message_id}"),
    ("post", "/api/upload/message"),
    ("get", "/api/uploads/{media_id}"),
]


@pytest.fixture(scope="module")
def description() -> Json:
    return openapi("1.2.3")


@pytest.mark.parametrize(("verb", "path"), SEED_PATHS)
def test_every_path_of_the_earlier_system_is_described(description: Json, verb: str, path: str) -> None:
    assert verb in description["paths"][path]


def test_limits_and_errors_come_from_the_comments(description: Json) -> None:
    send = description["paths"]["/api/messages/{user_id}"]["post"]
    text = send["requestBody"]["content"]["application/json"]["schema"]["properties"]["text"]

    assert "4,000 characters" in text["description"]
    assert "NOT_A_MEMBER" in send["description"]


def test_calls_for_services_are_not_described(description: Json) -> None:
    operations = {operation["operationId"] for path in description["paths"].values() for operation in path.values()}

    assert "SendMessage" in operations
    assert not operations & {"ListContacts", "GetStatus", "BatchGetBlocks"}


def test_public_calls_ask_for_no_token(description: Json) -> None:
    assert description["paths"]["/api/auth/login"]["post"]["security"] == []
    assert description["paths"]["/api/chats"]["get"]["security"] == [{"token": []}]


def test_every_reference_leads_somewhere(description: Json) -> None:
    schemas = description["components"]["schemas"]
    missing = {name for name in _references(description) if name not in schemas}

    assert not missing


def _references(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"].rpartition("/")[2]} if "$ref" in value else set()
        return own.union(*(_references(part) for part in value.values()))
    if isinstance(value, list):
        return set().union(*(_references(part) for part in value))
    return set()
