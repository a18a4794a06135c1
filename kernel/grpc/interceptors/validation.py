"""Checks requests against the protovalidate rules of their proto. The use cases check everything else."""

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import protovalidate

from kernel.errors import ChatlyError, Code, FieldViolation, KernelReason

_MAX_VIOLATIONS = 20


class Malformed:
    """A request that could not be deserialized as the method's message."""

    __slots__ = ("cause",)

    def __init__(self, cause: Exception) -> None:
        self.cause = cause


def tolerant(deserialize: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """Return a deserializer that returns Malformed instead of raising: gRPC would report an exception as INTERNAL."""

    def deserialize_or_malformed(data: bytes) -> Any:
        try:
            return deserialize(data)
        except Exception as error:  # noqa: BLE001 - any exception means that the bytes are invalid
            return Malformed(error)

    return deserialize_or_malformed


def validate(request: Any) -> None:
    """Raise INVALID_ARGUMENT `MALFORMED_REQUEST`, or `INVALID_FIELD` with every field that breaks a rule.

    The chain calls this function, except for bidirectional streams: their handlers validate each request.
    """
    if request.__class__ is Malformed:
        message = f"the request is not the message that this method takes: {request.cause}"
        raise ChatlyError(Code.INVALID_ARGUMENT, KernelReason.MALFORMED_REQUEST, message)
    if found := protovalidate.collect_violations(request):
        violations = tuple(_violation(item) for item in found[:_MAX_VIOLATIONS])
        message = "; ".join(f"{item.field}: {item.description}" for item in violations)
        raise ChatlyError(Code.INVALID_ARGUMENT, KernelReason.INVALID_FIELD, message, violations=violations)


async def validated(requests: AsyncIterator[Any]) -> AsyncIterator[Any]:
    """Yield the requests, and validate each request when it arrives."""
    async for request in requests:
        validate(request)
        yield request


def _violation(violation: protovalidate.Violation) -> FieldViolation:
    proto = violation.proto
    path = _path(proto.field.elements) if proto.field else ""
    return FieldViolation(path or "request", f"{proto.message}{_got(proto.rule_id, violation.field_value)}")


def _got(rule: str, value: Any) -> str:
    """Return a text with the actual length if the rule is about length, else an empty text: values may be secret."""
    if rule.endswith(("_len", "_bytes", ".len")) and isinstance(value, str | bytes):
        counted = value.encode() if rule.endswith("_bytes") and isinstance(value, str) else value
        return f", got {len(counted)}"
    if rule.endswith("_items") and hasattr(value, "__len__"):
        return f", got {len(value)}"
    return ""


def _path(elements: Iterable[Any]) -> str:
    path = ""
    for element in elements:
        path += f".{element.field_name}" if path else element.field_name
        if element.subscript is not None:
            key = element.subscript.value
            path += f"[{key!r}]" if isinstance(key, str) else f"[{key}]"
    return path
