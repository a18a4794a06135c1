"""The OpenAPI document is valid, complete, and says what the protos say."""

import importlib
from collections.abc import Iterator
from typing import Any

import pytest
from google.protobuf import descriptor_pool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from protovalidate import collect_violations

from kernel.settings import load
from mesh.edge.config import routes
from mesh.edge.contract import Method, methods
from mesh.edge.openapi import openapi
from mesh.edge.schemas import Json, Schemas, is_required
from mesh.edge.settings import EdgeSettings

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
OF_HTTP_APIS = {
    ("get", "/api/export"),
    ("post", "/api/upload/message"),
    ("get", "/api/uploads/{media_id}"),
    ("get", "/.well-known/jwks.json"),
}
OPEN = [method for method in methods() if not method.internal]


@pytest.fixture(scope="module")
def document() -> Json:
    return openapi("1.2.3")


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in document["paths"].items():
        for verb, operation in item.items():
            yield verb, path, operation


def body(document: Json, verb: str, path: str, kind: str = "application/json") -> Json:
    schema: Json = document["paths"][path][verb]["requestBody"]["content"][kind]["schema"]
    return schema


def test_it_is_valid_openapi_31(document: Json) -> None:
    assert document["openapi"].startswith("3.1.")
    assert not list(OpenAPIV31SpecValidator(document).iter_errors())


@pytest.mark.parametrize(("verb", "path"), SEED_PATHS)
def test_every_path_of_the_earlier_system_is_described(document: Json, verb: str, path: str) -> None:
    assert verb in document["paths"][path]


def test_it_has_every_rest_path_of_the_protos_and_no_other(document: Json) -> None:
    of_protos = {(path.verb.lower(), path.template) for method in OPEN for path in method.rest}

    assert {(verb, path) for verb, path, _ in operations(document)} == of_protos | OF_HTTP_APIS


@pytest.mark.parametrize("method", OPEN, ids=lambda method: method.name)
def test_every_call_that_rest_can_express_has_a_rest_form(method: Method) -> None:
    served_by_the_http_api = method.name == "GetJwks"

    assert bool(method.rest) is not (method.streaming or served_by_the_http_api)


def test_the_edge_has_a_route_for_every_path_of_the_http_apis(document: Json) -> None:
    offered = {(route.verb.lower(), route.value) for route in routes(load(EdgeSettings, {}))}
    missing = {
        (verb, path)
        for verb, path in OF_HTTP_APIS
        if not any(verb in {own, verb if not own else ""} and path.startswith(value) for own, value in offered)
    }

    assert not missing


def test_a_profile_is_put_as_json_or_as_a_form(document: Json) -> None:
    content = document["paths"]["/api/profile/me"]["put"]["requestBody"]["content"]
    form = body(document, "put", "/api/profile/me", "multipart/form-data")["properties"]

    assert set(content) == {"application/json", "multipart/form-data"}
    assert set(form) == {"username", "bio", "avatar"}
    assert form["bio"]["anyOf"][0]["maxLength"] == 500


def test_required_fields_and_limits_come_from_the_rules(document: Json) -> None:
    register = body(document, "post", "/api/auth/register")
    text = body(document, "post", "/api/messages/{user_id}")["properties"]["text"]
    page_size = next(p for p in document["paths"]["/api/users"]["get"]["parameters"] if p["name"] == "page_size")
    group = body(document, "post", "/api/groups")["properties"]

    assert register["required"] == ["username", "email", "password"]
    assert (register["properties"]["username"]["minLength"], register["properties"]["username"]["maxLength"]) == (3, 32)
    assert register["properties"]["email"]["format"] == "email"
    assert text["maxLength"] == 4000
    assert (page_size["schema"]["minimum"], page_size["schema"]["maximum"]) == (0, 200)
    assert (group["member_ids"]["maxItems"], group["member_ids"]["uniqueItems"]) == (499, True)
    assert group["member_ids"]["items"]["format"] == "uuid"


@pytest.mark.parametrize("method", [each for each in OPEN if each.rest], ids=lambda method: method.name)
def test_the_required_fields_are_those_whose_absence_breaks_a_rule(method: Method) -> None:
    fields = Schemas().method(method).input_type.fields
    empty = an_empty_request(method)
    broken = {
        violation.proto.field.elements[0].field_name
        for violation in collect_violations(empty)
        if violation.proto.field and violation.proto.field.elements
    }

    assert {field.name for field in fields if is_required(field)} == broken


def an_empty_request(method: Method) -> Message:
    package, _, service = method.service.rpartition(".")
    module = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in service).lstrip("_")
    importlib.import_module(f"{package}.{module}_pb2")
    descriptor = descriptor_pool.Default().FindMethodByName(f"{method.service}.{method.name}")
    return GetMessageClass(descriptor.input_type)()


def test_a_path_names_the_chat_in_one_way_only(document: Json) -> None:
    assert "chat_id" not in body(document, "post", "/api/messages/{user_id}")["properties"]
    assert "user_id" not in body(document, "post", "/api/chats/{chat_id}/messages")["properties"]


@pytest.mark.parametrize(
    ("verb", "path", "request_", "valid"),
    [
        ("post", "/api/auth/login", {"email": "a@example.org", "password": "x"}, True),
        ("post", "/api/auth/login", {"email": "a@example.org"}, False),
        ("put", "/api/profile/me", {"avatar_media_id": ""}, True),
        ("put", "/api/profile/me", {"bio": "x" * 501}, False),
        ("post", "/api/reactions/{user_id}/{message_id}", {"reaction": "👍"}, True),
        ("post", "/api/reactions/{user_id}/{message_id}", {"emoji": "👍"}, True),
        ("post", "/api/reactions/{user_id}/{message_id}", {}, False),
    ],
)
def test_a_schema_accepts_what_the_service_accepts(
    document: Json, verb: str, path: str, request_: dict[str, Any], *, valid: bool
) -> None:
    assert OAS31Validator(body(document, verb, path)).is_valid(request_) is valid


def test_errors_come_from_the_comments(document: Json) -> None:
    assert "NOT_A_MEMBER" in document["paths"]["/api/messages/{user_id}"]["post"]["description"]


def test_calls_for_services_are_not_described(document: Json) -> None:
    names = {operation["operationId"] for _, _, operation in operations(document)}

    assert {"SendMessage", "SearchMessages", "SetTyping", "UploadPart"} <= names
    assert not names & {"ListContacts", "GetStatus", "BatchGetBlocks"}


def test_public_calls_ask_for_no_token(document: Json) -> None:
    assert document["paths"]["/api/auth/login"]["post"]["security"] == []
    assert document["paths"]["/api/chats"]["get"]["security"] == [{"token": []}, {"cookie": []}]


def test_every_reference_leads_to_a_schema(document: Json) -> None:
    schemas = document["components"]["schemas"]
    missing = {name for name in _references(document) if name not in schemas}

    assert not missing


def _references(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"].rpartition("/")[2]} if "$ref" in value else set()
        return own.union(*(_references(part) for part in value.values()))
    if isinstance(value, list):
        return set().union(*(_references(part) for part in value))
    return set()
