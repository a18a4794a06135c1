"""The OpenAPI 3.1 document of the REST API: the protos' REST paths, and the paths of the services' HTTP APIs."""

from functools import cache

from google.protobuf.descriptor import FieldDescriptor

from mesh.edge.contract import Method, RestPath, comments, methods
from mesh.edge.schemas import Json, Schemas, is_required

_FILE: Json = {"type": "string", "contentMediaType": "application/octet-stream"}
_PROBLEM: Json = {
    "description": "Failed: google.rpc.Status with ErrorInfo (its reason is stable) and BadRequest.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Status"}}},
}
_STATUS: Json = {
    "type": "object",
    "properties": {
        "code": {"type": "integer", "description": "google.rpc.Code"},
        "message": {"type": "string"},
        "details": {"type": "array", "items": {"type": "object"}},
    },
}
_TOKEN: list[Json] = [{"token": []}, {"cookie": []}]


@cache
def openapi(version: str) -> Json:
    """Return the OpenAPI document as a JSON object."""
    schemas = Schemas()
    paths: dict[str, Json] = {}
    for method in methods():
        if not method.internal:
            for number, path in enumerate(method.rest, start=1):
                paths.setdefault(path.template, {})[path.verb.lower()] = _operation(schemas, method, path, number)
    _add_http_apis(paths, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Chatly",
            "version": version,
            "description": "Real-time chat. Live events: gRPC Subscribe.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted({**schemas.collected, "Status": _STATUS}.items())),
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "chatly_access",
                    "description": "Over TLS `__Host-chatly_access`. Other methods than GET need an Origin.",
                },
            },
        },
    }


def _operation(schemas: Schemas, method: Method, path: RestPath, number: int) -> Json:
    descriptor = schemas.method(method)
    # A field in any REST path of this method is left out of bodies and queries. A path without the field has another
    # one for the same value.
    elsewhere = {name for other in method.rest for name in other.variables}
    fields = [field for field in descriptor.input_type.fields if field.name not in elsewhere]
    parameters = [_path_parameter(schemas, descriptor.input_type.fields_by_name[name]) for name in path.variables]
    operation: Json = {
        "operationId": method.name if number == 1 else f"{method.name}_{number}",
        "tags": [method.target],
        "description": comments().get(f"{method.service}.{method.name}", ""),
        "security": [] if method.public else _TOKEN,
        "responses": _responses(ok=_content("Done.", schemas.reference(descriptor.output_type))),
    }
    if path.body:
        schema = schemas.object(descriptor.input_type, without=elsewhere)
        operation["requestBody"] = {
            "required": "required" in schema or "allOf" in schema,
            "content": {"application/json": {"schema": schema}},
        }
    else:
        parameters += [_query_parameter(schemas, field) for field in fields]
    return {**operation, "parameters": parameters} if parameters else operation


def _path_parameter(schemas: Schemas, field: FieldDescriptor) -> Json:
    return {
        "name": field.name,
        "in": "path",
        "required": True,
        "description": comments().get(field.full_name, ""),
        "schema": schemas.path_segment(field),
    }


def _query_parameter(schemas: Schemas, field: FieldDescriptor) -> Json:
    return {
        "name": field.name,
        "in": "query",
        "required": is_required(field),
        "description": comments().get(field.full_name, ""),
        "schema": schemas.field(field),
    }


def _content(description: str, schema: Json, kind: str = "application/json") -> Json:
    return {"description": description, "content": {kind: {"schema": schema}}}


def _responses(*others: tuple[int, Json], ok: Json) -> dict[str, Json]:
    return {"200": ok, **{str(status): response for status, response in others}, "default": _PROBLEM}


def _add_http_apis(paths: dict[str, Json], schemas: Schemas) -> None:
    """Add the paths of media's and auth's HTTP APIs: files, a profile with its picture, and the public keys."""
    paths["/api/upload/message"] = {"post": _upload_form(schemas)}
    paths["/api/uploads/{media_id}"] = {"get": _download()}
    paths["/api/export"] = {"get": _export()}
    paths["/.well-known/jwks.json"] = {"get": _public_keys(schemas)}
    update = paths["/api/profile/me"]["put"]
    update["description"] += " As a form, together with the new picture."
    update["requestBody"]["content"]["multipart/form-data"] = {"schema": _profile_form(schemas)}


def _profile_form(schemas: Schemas) -> Json:
    fields = schemas.message("chatly.auth.v1.UpdateMeRequest").fields_by_name
    return {
        "type": "object",
        "properties": {
            "username": schemas.described(fields["username"]),
            "bio": schemas.described(fields["bio"]),
            "avatar": {**_FILE, "description": "The new picture."},
        },
    }


def _upload_form(schemas: Schemas) -> Json:
    media = schemas.reference(schemas.message("chatly.media.v1.Media"))
    text: Json = {"type": "string"}
    stored = {"allOf": [media, {"type": "object", "properties": {"type": text, "name": text}}]}
    form = {"type": "object", "properties": {"file": _FILE}, "required": ["file"]}
    return {
        "operationId": "UploadFile",
        "tags": ["media"],
        "description": "Uploads a file to send with a message: as a form, or as the body itself with `file_name`.",
        "security": _TOKEN,
        "parameters": [
            {"name": "file_name", "in": "query", "description": "Name of a file sent as the body.", "schema": text}
        ],
        "requestBody": {
            "required": True,
            "content": {"multipart/form-data": {"schema": form}, "application/octet-stream": {}},
        },
        "responses": _responses(ok=_content("The file.", stored)),
    }


def _export() -> Json:
    archive: Json = {"application/zip": {}}
    return {
        "operationId": "ExportMyData",
        "tags": ["media"],
        "description": "Streams the caller's own data as a ZIP archive, whose last entry is COMPLETE.txt. "
        "One export per user at a time, else 429.",
        "security": _TOKEN,
        "parameters": [],
        "responses": _responses(ok={"description": "The archive.", "content": archive}),
    }


def _download() -> Json:
    def query(name: str, description: str, schema: Json) -> Json:
        return {"name": name, "in": "query", "description": description, "schema": schema}

    media_id = {"name": "media_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    any_type: Json = {"*/*": {}}
    return {
        "operationId": "DownloadFile",
        "tags": ["media"],
        "description": "Serves a file's bytes, with ranges and conditions, to a token or a link from GetDownloadUrl.",
        "security": [*_TOKEN, {}],
        "parameters": [
            media_id,
            query("variant", "Which form.", {"type": "string", "enum": ["original", "thumbnail"]}),
            query("exp", "From a link: when it expires.", {"type": "string", "pattern": "^[0-9]{1,12}$"}),
            query("sig", "From a link: its signature.", {"type": "string"}),
        ],
        "responses": _responses(
            (206, {"description": "The range asked for.", "content": any_type}),
            (304, {"description": "The file has not changed."}),
            (416, {"description": "The file has no such range."}),
            ok={"description": "The bytes.", "content": any_type},
        ),
    }


def _public_keys(schemas: Schemas) -> Json:
    key = schemas.reference(schemas.message("chatly.auth.v1.Jwk"))
    keys = {"type": "object", "properties": {"keys": {"type": "array", "items": key}}}
    return {
        "operationId": "GetPublicKeys",
        "tags": ["auth"],
        "description": "The public keys that access tokens are signed with (RFC 7517).",
        "security": [],
        "responses": _responses(ok=_content("The keys.", keys)),
    }
