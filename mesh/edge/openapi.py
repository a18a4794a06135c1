"""OpenAPI description of the REST paths, made from the protos; the few paths of media's HTTP door are written here."""

import re
from typing import Any

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.descriptor_pool import DescriptorPool

from mesh.edge.comments import comments
from mesh.edge.contract import Method, RestPath, descriptor_set, methods

Json = dict[str, Any]

_SCALARS: dict[int, Json] = {
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "format": "byte"},
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_INT32: {"type": "integer", "format": "int32"},
    # JSON has no 64-bit integers: they travel as text.
    FieldDescriptor.TYPE_INT64: {"type": "string", "format": "int64"},
    FieldDescriptor.TYPE_DOUBLE: {"type": "number", "format": "double"},
}
_WELL_KNOWN: dict[str, Json] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.FieldMask": {"type": "string", "description": "Field names joined by commas."},
}
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


def openapi(version: str) -> Json:
    """The description as a JSON object (OpenAPI 3.0)."""
    return _Description().build(version)


class _Description:
    """Collects the schemas that the paths refer to."""

    def __init__(self) -> None:
        self._pool = DescriptorPool()
        for file in descriptor_set().file:
            self._pool.Add(file)
        self._schemas: dict[str, Json] = {"Status": _STATUS}

    def build(self, version: str) -> Json:
        paths: dict[str, Json] = {}
        for method in methods():
            if not method.internal:
                for number, path in enumerate(method.rest):
                    operation = self._operation(method, path, number)
                    paths.setdefault(path.template, {})[path.verb.lower()] = operation
        paths |= _door_paths(self._message(self._pool.FindMessageTypeByName("chatly.auth.v1.User")))
        return {
            "openapi": "3.0.3",
            "info": {
                "title": "Chatly",
                "version": version,
                "description": "Real-time chat. Live events: gRPC Subscribe.",
            },
            "paths": dict(sorted(paths.items())),
            "components": {
                "schemas": dict(sorted(self._schemas.items())),
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}},
            },
        }

    def _operation(self, method: Method, path: RestPath, number: int) -> Json:
        descriptor = self._pool.FindMethodByName(f"{method.service}.{method.name}")
        variables = re.findall(r"\{([^}=]+)", path.template)
        fields = [field for field in descriptor.input_type.fields if field.name not in variables]
        operation: Json = {
            "operationId": method.name + (f"_{number + 1}" if number else ""),
            "tags": [method.target],
            "description": comments().get(f"{method.service}.{method.name}", ""),
            "security": [] if method.public else [{"token": []}],
            "parameters": [self._parameter(descriptor.input_type, name, "path") for name in variables],
            "responses": {
                "200": _content("Done.", self._message(descriptor.output_type)),
                "default": _PROBLEM,
            },
        }
        if path.body:
            schema = self._object(descriptor.input_type, fields)
            operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
        else:
            operation["parameters"] += [self._parameter(descriptor.input_type, f.name, "query") for f in fields]
        return operation

    def _parameter(self, message: Descriptor, name: str, place: str) -> Json:
        field = message.fields_by_name[name]
        return {
            "name": name,
            "in": place,
            "required": place == "path",
            "description": comments().get(field.full_name, ""),
            "schema": self._field(field),
        }

    def _message(self, message: Descriptor) -> Json:
        """A reference to the message's schema, which is added if it is new."""
        if known := _WELL_KNOWN.get(message.full_name):
            return known
        if message.name not in self._schemas:
            self._schemas[message.name] = {}
            self._schemas[message.name] = self._object(message, list(message.fields))
        return {"$ref": f"#/components/schemas/{message.name}"}

    def _object(self, message: Descriptor, fields: list[FieldDescriptor]) -> Json:
        return {
            "type": "object",
            "description": comments().get(message.full_name, ""),
            "properties": {field.name: self._described(field) for field in fields},
        }

    def _described(self, field: FieldDescriptor) -> Json:
        schema = self._field(field)
        text = comments().get(field.full_name, "")
        return {"allOf": [schema], "description": text} if "$ref" in schema else {**schema, "description": text}

    def _field(self, field: FieldDescriptor) -> Json:
        if field.message_type is not None:
            schema = self._message(field.message_type)
        elif field.enum_type is not None:
            schema = {"type": "string", "enum": _names(field.enum_type)}
        else:
            schema = _SCALARS[field.type]
        return {"type": "array", "items": schema} if field.is_repeated else schema


def _names(enum: EnumDescriptor) -> list[str]:
    return [value.name for value in enum.values if value.number]


def _content(description: str, schema: Json, kind: str = "application/json") -> Json:
    return {"description": description, "content": {kind: {"schema": schema}}}


def _form(required: list[str], **properties: Json) -> Json:
    schema = {"type": "object", "required": required, "properties": properties}
    return {"required": True, "content": {"multipart/form-data": {"schema": schema}}}


def _door_paths(user: Json) -> dict[str, Json]:
    file: Json = {"type": "string", "format": "binary"}
    text: Json = {"type": "string"}
    uploaded: Json = {"type": "object", "properties": dict.fromkeys(("url", "type", "name", "media_id"), text)}
    media_id = {"name": "media_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    variant = {"name": "variant", "in": "query", "schema": {"type": "string", "enum": ["original", "thumbnail"]}}
    return {
        "/api/upload/message": {
            "post": {
                "operationId": "UploadForm",
                "tags": ["media"],
                "description": "Uploads a file to be sent. The limit is enforced while bytes arrive.",
                "security": [{"token": []}],
                "requestBody": _form(["file"], file=file),
                "responses": {"200": _content("The file.", uploaded), "default": _PROBLEM},
            }
        },
        "/api/profile/me (with a picture)": {
            "put": {
                "operationId": "UpdateMeForm",
                "tags": ["media"],
                "description": "PUT /api/profile/me with a form: the profile together with its picture.",
                "security": [{"token": []}],
                "requestBody": _form([], username=text, bio=text, avatar=file),
                "responses": {"200": _content("The profile.", user), "default": _PROBLEM},
            }
        },
        "/api/uploads/{media_id}": {
            "get": {
                "operationId": "DownloadBytes",
                "tags": ["media"],
                "description": "A file's bytes, with ranges; by token, or by a link of GetDownloadUrl.",
                "security": [{"token": []}, {}],
                "parameters": [media_id, variant],
                "responses": {"200": _content("The bytes.", file, "*/*"), "default": _PROBLEM},
            }
        },
    }
