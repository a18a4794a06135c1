"""The public contract as the edge needs it: every method with its access and REST paths, from the descriptor set."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from chatly.options.v1 import access_pb2
from google.api import annotations_pb2
from google.api.http_pb2 import HttpRule
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto

DESCRIPTOR_FILE = Path(next(iter(__import__("chatly").__path__))) / "chatly.binpb"
"""Built by `make protos` from protos/, with imports and comments."""


@dataclass(frozen=True, slots=True)
class RestPath:
    """One REST form of a method."""

    verb: str
    """GET, POST, …"""
    template: str
    """As in the proto: `/api/messages/{user_id}`."""
    body: str
    """`*`, a field, or empty."""

    @property
    def regex(self) -> str:
        """Matches the whole path; each variable is one segment."""
        parts = re.split(r"\{[^}]*\}", self.template)
        return "[^/]+".join(re.escape(part).replace("/", "/") for part in parts)


@dataclass(frozen=True, slots=True)
class Method:
    """One RPC."""

    service: str
    """Full name: `chatly.auth.v1.AuthService`."""
    name: str
    access: int
    """Value of chatly.options.v1.Access."""
    streaming: bool
    rest: tuple[RestPath, ...]

    @property
    def path(self) -> str:
        """As in HTTP/2: `/chatly.auth.v1.AuthService/Login`."""
        return f"/{self.service}/{self.name}"

    @property
    def target(self) -> str:
        """The service of the mesh that serves it: `auth`."""
        return self.service.split(".")[1]

    @property
    def public(self) -> bool:
        """Whether it is called without a token."""
        return self.access == access_pb2.ACCESS_PUBLIC

    @property
    def internal(self) -> bool:
        """Whether only services and operators call it, never through the edge."""
        return self.access == access_pb2.ACCESS_SERVICE


@cache
def descriptor_set() -> FileDescriptorSet:
    """All protos of Chatly and what they import."""
    return FileDescriptorSet.FromString(DESCRIPTOR_FILE.read_bytes())


@cache
def methods() -> tuple[Method, ...]:
    """Every method of every Chatly service, in the order of the protos."""
    return tuple(_methods())


def _methods() -> Iterator[Method]:
    for file in chatly_files():
        for service in file.service:
            for method in service.method:
                yield Method(
                    service=f"{file.package}.{service.name}",
                    name=method.name,
                    access=method.options.Extensions[access_pb2.access],
                    streaming=method.client_streaming or method.server_streaming,
                    rest=tuple(_rest_paths(method)),
                )


def chatly_files() -> list[FileDescriptorProto]:
    """The files of the set that are Chatly's own."""
    return [file for file in descriptor_set().file if file.package.startswith("chatly.")]


def _rest_paths(method: MethodDescriptorProto) -> Iterator[RestPath]:
    extension: Any = annotations_pb2.http
    rule: HttpRule = method.options.Extensions[extension]
    for binding in (rule, *rule.additional_bindings):
        verb = binding.WhichOneof("pattern")
        if verb is not None:
            yield RestPath(verb.upper(), getattr(binding, verb), binding.body)
