"""The public contract as the edge needs it: methods with their access and REST paths, and comments of the protos."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from chatly.options.v1 import access_pb2
from google.api import annotations_pb2
from google.api.http_pb2 import HttpRule
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
)

DESCRIPTOR_FILE = Path(next(iter(__import__("chatly").__path__))) / "chatly.binpb"
"""`make protos` builds this file from protos/, with imports and comments."""

# Field numbers of FileDescriptorProto, DescriptorProto and ServiceDescriptorProto (descriptor.proto).
_MESSAGE, _SERVICE, _FIELD, _METHOD = 4, 6, 2, 2


@dataclass(frozen=True, slots=True)
class RestPath:
    """One REST path of a method."""

    verb: str
    """The HTTP method: GET, POST, …"""
    template: str
    """The path as in the proto, such as `/api/messages/{user_id}`."""
    body: str
    """The part of the request in the HTTP body: `*` for the whole request, a field's name, or empty for no body."""

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the request's fields that the path contains."""
        return tuple(re.findall(r"\{([^}=]+)", self.template))

    @property
    def regex(self) -> str:
        """A regular expression for the whole path. Each variable matches one segment."""
        return "[^/]+".join(re.escape(part) for part in re.split(r"\{[^}]*\}", self.template))


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC."""

    service: str
    """The full name of the gRPC service, such as `chatly.auth.v1.AuthService`."""
    name: str
    access: int
    """A value of chatly.options.v1.Access."""
    streaming: bool
    rest: tuple[RestPath, ...]

    @property
    def path(self) -> str:
        """The HTTP/2 path, such as `/chatly.auth.v1.AuthService/Login`."""
        return f"/{self.service}/{self.name}"

    @property
    def target(self) -> str:
        """The service of the mesh that serves the method, such as `auth`."""
        return self.service.split(".")[1]

    @property
    def public(self) -> bool:
        """True if clients call the method without a token."""
        return self.access == access_pb2.ACCESS_PUBLIC

    @property
    def internal(self) -> bool:
        """True if only services and operators may call the method. The edge has no route to such a method."""
        return self.access == access_pb2.ACCESS_SERVICE


@cache
def descriptor_set() -> FileDescriptorSet:
    """Return all protos of Chatly and their imports."""
    return FileDescriptorSet.FromString(DESCRIPTOR_FILE.read_bytes())


@cache
def methods() -> tuple[Method, ...]:
    """Return every method of every Chatly service, in the order of the protos."""
    return tuple(_methods())


def _methods() -> Iterator[Method]:
    for file in _chatly_files():
        for service in file.service:
            for method in service.method:
                yield Method(
                    service=f"{file.package}.{service.name}",
                    name=method.name,
                    access=method.options.Extensions[access_pb2.access],
                    streaming=method.client_streaming or method.server_streaming,
                    rest=tuple(_rest_paths(method)),
                )


def _chatly_files() -> list[FileDescriptorProto]:
    return [file for file in descriptor_set().file if file.package.startswith("chatly.")]


def _rest_paths(method: MethodDescriptorProto) -> Iterator[RestPath]:
    extension: Any = annotations_pb2.http
    rule: HttpRule = method.options.Extensions[extension]
    for binding in (rule, *rule.additional_bindings):
        verb = binding.WhichOneof("pattern")
        if verb is not None:
            yield RestPath(verb.upper(), getattr(binding, verb), binding.body)


@cache
def comments() -> dict[str, str]:
    """Return the comments of the protos by full name, such as `chatly.auth.v1.User.bio` or
    `chatly.auth.v1.AuthService.Login`.
    """
    return {
        name: " ".join(line.strip() for line in comment.strip().splitlines())
        for file in _chatly_files()
        for name, comment in _comments_of_file(file)
    }


def _comments_of_file(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    by_path = {tuple(location.path): location.leading_comments for location in file.source_code_info.location}
    for path, name in _named_paths(file):
        yield name, by_path.get(path, "")


def _named_paths(file: FileDescriptorProto) -> Iterator[tuple[tuple[int, ...], str]]:
    for index, message in enumerate(file.message_type):
        yield from _message_paths((_MESSAGE, index), f"{file.package}.{message.name}", message)
    for index, service in enumerate(file.service):
        full_name = f"{file.package}.{service.name}"
        yield (_SERVICE, index), full_name
        for at, method in enumerate(service.method):
            yield (_SERVICE, index, _METHOD, at), f"{full_name}.{method.name}"


def _message_paths(
    path: tuple[int, ...], full_name: str, message: DescriptorProto
) -> Iterator[tuple[tuple[int, ...], str]]:
    yield path, full_name
    for at, field in enumerate(message.field):
        yield (*path, _FIELD, at), f"{full_name}.{field.name}"
