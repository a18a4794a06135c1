"""Comments of the protos, by full name of what they stand at."""

from collections.abc import Iterator
from functools import cache

from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto

from mesh.edge.contract import chatly_files

# Field numbers of FileDescriptorProto, DescriptorProto and ServiceDescriptorProto (descriptor.proto).
_MESSAGE, _SERVICE, _FIELD, _METHOD = 4, 6, 2, 2


@cache
def comments() -> dict[str, str]:
    """Full name (`chatly.auth.v1.User.bio`, `chatly.auth.v1.AuthService.Login`) → its comment."""
    return dict(pair for file in chatly_files() for pair in _of_file(file))


def _of_file(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    by_path = {tuple(place.path): place.leading_comments for place in file.source_code_info.location}
    names: list[tuple[tuple[int, ...], str]] = []
    for index, message in enumerate(file.message_type):
        names.extend(_of_message((_MESSAGE, index), f"{file.package}.{message.name}", message))
    for index, service in enumerate(file.service):
        full = f"{file.package}.{service.name}"
        names.append(((_SERVICE, index), full))
        names.extend(((_SERVICE, index, _METHOD, at), f"{full}.{m.name}") for at, m in enumerate(service.method))
    for path, name in names:
        yield name, " ".join(line.strip() for line in by_path.get(path, "").strip().splitlines())


def _of_message(path: tuple[int, ...], full: str, message: DescriptorProto) -> Iterator[tuple[tuple[int, ...], str]]:
    yield path, full
    for at, field in enumerate(message.field):
        yield (*path, _FIELD, at), f"{full}.{field.name}"
