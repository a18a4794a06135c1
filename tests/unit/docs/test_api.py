"""docs/api.md is complete: every error reason, every REST path, every RPC that is not safe to repeat."""

import re

from chatly.error.v1.error_reason_pb2 import ErrorReason
from chatly.options.v1 import access_pb2
from google.protobuf.descriptor_pb2 import MethodOptions

from mesh.edge.contract import descriptor_set, methods
from scripts.configuration import ROOT

TEXT = (ROOT / "docs" / "api.md").read_text()


def test_every_error_reason_is_explained() -> None:
    reasons = {value.name.removeprefix("ERROR_REASON_") for value in ErrorReason.DESCRIPTOR.values if value.number}

    assert set(re.findall(r"^\| `([A-Z_]+)` \| [A-Z_]+ \|", TEXT, re.MULTILINE)) == reasons


def test_every_rest_path_is_listed_with_its_rpc() -> None:
    listed = set(re.findall(r"^\| `([A-Z]+ /\S+)` \| ([A-Z]\w+) \|", TEXT, re.MULTILINE))
    declared = {
        (f"{path.verb} {path.template}", method.name)
        for method in methods()
        if not method.internal
        for path in method.rest
    }

    assert listed == declared


def test_every_rpc_that_is_not_safe_to_repeat_is_named() -> None:
    (paragraph,) = re.findall(r"^- \*\*Not safe to repeat.*?\n\n", TEXT, re.MULTILINE | re.DOTALL)
    unsafe = {
        method.name
        for file in descriptor_set().file
        if file.package.startswith("chatly.")
        for service in file.service
        for method in service.method
        if method.options.idempotency_level == MethodOptions.IDEMPOTENCY_UNKNOWN
        and method.options.Extensions[access_pb2.access] != access_pb2.ACCESS_SERVICE
    }

    # The other two are retried by the ids that they carry.
    assert unsafe - set(re.findall(r"`([A-Z][a-z]\w+)`", paragraph)) == {"SendMessages", "Refresh"}
