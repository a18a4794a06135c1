"""JSON Schemas of the protos' messages, with required fields and limits from their protovalidate rules."""

import re
from collections.abc import Callable, Collection, Iterable
from typing import Any

from buf.validate import validate_pb2
from buf.validate.validate_pb2 import FieldRules
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.descriptor_pool import DescriptorPool

from mesh.edge.contract import Method, comments, descriptor_set

Json = dict[str, Any]

_SCALARS: dict[int, Json] = {
    FieldDescriptor.TYPE_STRING: {"type": "string"},
    FieldDescriptor.TYPE_BYTES: {"type": "string", "contentEncoding": "base64"},
    FieldDescriptor.TYPE_BOOL: {"type": "boolean"},
    FieldDescriptor.TYPE_INT32: {"type": "integer", "format": "int32"},
    # proto3 JSON writes 64-bit integers as text, because JSON numbers cannot hold them exactly.
    FieldDescriptor.TYPE_INT64: {"type": "string", "format": "int64", "pattern": "^-?[0-9]+$"},
    FieldDescriptor.TYPE_DOUBLE: {"type": "number", "format": "double"},
}
_WELL_KNOWN: dict[str, Json] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.FieldMask": {"type": "string", "description": "Field names joined by commas."},
}
# RE2 writes characters of four digits as \x{202A}, JSON Schema as \u202A.
_CHARACTER = re.compile(r"\\x\{([0-9A-F]{4})\}")


class Schemas:
    """JSON Schemas by message name. The schemas are collected while an OpenAPI document refers to them."""

    def __init__(self) -> None:
        self._pool = DescriptorPool()
        for file in descriptor_set().file:
            self._pool.Add(file)
        self.collected: dict[str, Json] = {}

    def method(self, method: Method) -> MethodDescriptor:
        """Return the descriptor of a method."""
        return self._pool.FindMethodByName(f"{method.service}.{method.name}")

    def message(self, full_name: str) -> Descriptor:
        """Return the descriptor of a message."""
        return self._pool.FindMessageTypeByName(full_name)

    def reference(self, message: Descriptor) -> Json:
        """Return a reference to a message's schema, and collect the schema if it is new."""
        if known := _WELL_KNOWN.get(message.full_name):
            return known
        if message.name not in self.collected:
            self.collected[message.name] = {}  # a message may contain itself
            self.collected[message.name] = self.object(message)
        return {"$ref": f"#/components/schemas/{message.name}"}

    def object(self, message: Descriptor, *, without: Collection[str] = ()) -> Json:
        """Return an object schema with the fields of a message, except those named in `without`."""
        properties: dict[str, Json] = {}
        required: list[str] = []
        either: list[Json] = []
        for field in message.fields:
            if field.name in without:
                continue
            names = [field.name, *_other_names(field)]
            properties |= dict.fromkeys(names, self.described(field))
            if is_required(field) and len(names) == 1:
                required.append(field.name)
            elif is_required(field):
                either.append({"anyOf": [{"required": [name]} for name in names]})
        schema: Json = {
            "type": "object",
            "description": comments().get(message.full_name, ""),
            "properties": properties,
        }
        if required:
            schema["required"] = required
        if either:
            schema["allOf"] = either
        return schema

    def described(self, field: FieldDescriptor) -> Json:
        """Return the schema of a field with its limits and its comment."""
        return {**self.field(field), "description": comments().get(field.full_name, "")}

    def field(self, field: FieldDescriptor) -> Json:
        """Return the schema of a field with its limits."""
        rules = _rules(field)
        if not field.is_repeated:
            return self._single(field, rules)
        items = self._single(field, rules.repeated.items)
        return {"type": "array", "items": items, **_array_limits(rules)}

    def path_segment(self, field: FieldDescriptor) -> Json:
        """Return the schema of a field in a path segment. A segment is never empty."""
        if field.enum_type is not None:
            # If several names have one number, the last one is the alias for paths. The edge ignores case.
            names = {value.number: value.name.lower() for value in field.enum_type.values if value.number}
            return {"type": "string", "enum": list(names.values())}
        return {**_SCALARS[field.type], **_LIMITS.get(field.type, _no_limits)(_rules(field))}

    def _single(self, field: FieldDescriptor, rules: FieldRules) -> Json:
        if field.message_type is not None:
            return self.reference(field.message_type)
        if field.enum_type is not None:
            return {"type": "string", "enum": _enum_names(field.enum_type, rules)}
        limits = _LIMITS.get(field.type, _no_limits)(rules)
        if not limits or rules.ignore != validate_pb2.IGNORE_IF_ZERO_VALUE:
            return {**_SCALARS[field.type], **limits}
        # An empty value counts as absent, so the limits do not apply to it.
        return {**_SCALARS[field.type], "anyOf": [limits, {"const": field.default_value}]}


def is_required(field: FieldDescriptor) -> bool:
    """Return whether a request without this field breaks the field's rules."""
    rules = _rules(field)
    if rules.required:
        return True
    if rules.ignore == validate_pb2.IGNORE_IF_ZERO_VALUE:
        return False
    text, data, int32, int64 = rules.string, rules.bytes, rules.int32, rules.int64
    return bool(
        text.min_len
        or text.len
        or text.min_bytes
        or text.uuid
        or text.email
        or text.pattern  # where a pattern matches the empty text, the rules ignore it or need a length
        or data.min_len
        or int32.gte > 0
        or int64.gte > 0
        or 0 in rules.enum.not_in
        or rules.repeated.min_items
    )


def _rules(field: FieldDescriptor) -> FieldRules:
    extension: Any = validate_pb2.field
    rules: FieldRules = field.GetOptions().Extensions[extension]
    return rules


def _other_names(field: FieldDescriptor) -> Iterable[str]:
    """Yield the JSON name of a field if the proto sets one. Requests may use either name."""
    if field.json_name.lower() != field.name.replace("_", ""):
        yield field.json_name


def _enum_names(enum: EnumDescriptor, rules: FieldRules) -> list[str]:
    return [value.name for value in enum.values if value.number not in rules.enum.not_in]


def _array_limits(rules: FieldRules) -> Json:
    repeated = rules.repeated
    limits = {"minItems": repeated.min_items, "maxItems": repeated.max_items, "uniqueItems": repeated.unique}
    return {name: limit for name, limit in limits.items() if limit}


def _text_limits(rules: FieldRules) -> Json:
    text = rules.string
    limits = {
        "minLength": text.min_len or text.len,
        # No text has more characters than bytes.
        "maxLength": text.max_len or text.len or text.max_bytes,
        "pattern": _CHARACTER.sub(r"\\u\1", text.pattern),
        "format": "uuid" if text.uuid else "email" if text.email else "",
    }
    return {name: limit for name, limit in limits.items() if limit}


def _bytes_limits(rules: FieldRules) -> Json:
    limits = {"minLength": _base64_length(rules.bytes.min_len), "maxLength": _base64_length(rules.bytes.max_len)}
    return {name: limit for name, limit in limits.items() if limit}


def _base64_length(size: int) -> int:
    return (size + 2) // 3 * 4


def _int32_limits(rules: FieldRules) -> Json:
    number = rules.int32
    limits: Json = {}
    if number.WhichOneof("greater_than") == "gte":
        limits["minimum"] = number.gte
    if number.WhichOneof("less_than") == "lte":
        limits["maximum"] = number.lte
    return limits


def _int64_limits(rules: FieldRules) -> Json:
    return {"pattern": "^[0-9]+$"} if rules.int64.WhichOneof("greater_than") == "gte" else {}


def _no_limits(_: FieldRules) -> Json:
    return {}


_LIMITS: dict[int, Callable[[FieldRules], Json]] = {
    FieldDescriptor.TYPE_STRING: _text_limits,
    FieldDescriptor.TYPE_BYTES: _bytes_limits,
    FieldDescriptor.TYPE_INT32: _int32_limits,
    FieldDescriptor.TYPE_INT64: _int64_limits,
}
