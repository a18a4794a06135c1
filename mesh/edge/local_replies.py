"""Errors that Envoy itself returns (no token, too many calls, unreachable service), in the form of the services'
errors.
"""

import base64
from dataclasses import dataclass

from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2, error_details_pb2, status_pb2

from kernel.errors import KernelReason, Reason


@dataclass(frozen=True, slots=True)
class LocalReply:
    """One kind of error. `condition` is a CEL expression over the response."""

    condition: str
    code: int
    """A value of google.rpc.Code."""
    reason: Reason
    message: str = ""
    """If empty, Envoy's own text is used."""
    retry_seconds: int = 0
    """The delay after which a client may retry, in seconds. 0 means that no delay is given."""

    @property
    def details(self) -> str:
        """A google.rpc.Status with ErrorInfo as base64, for `grpc-status-details-bin`."""
        status = status_pb2.Status(code=self.code, message=self.message)
        status.details.add().Pack(error_details_pb2.ErrorInfo(reason=self.reason, domain="chatly"))
        if self.retry_seconds:
            delay = Duration(seconds=self.retry_seconds)
            status.details.add().Pack(error_details_pb2.RetryInfo(retry_delay=delay))
        return base64.b64encode(status.SerializeToString()).decode()


def _too_many(condition: str, seconds: int) -> LocalReply:
    message = "too many calls from this address: try again later"
    return LocalReply(condition, code_pb2.RESOURCE_EXHAUSTED, KernelReason.RATE_LIMITED, message, seconds)


def _cross_site(code_details: str, message: str) -> LocalReply:
    condition = f"response.code_details == '{code_details}'"
    return LocalReply(condition, code_pb2.PERMISSION_DENIED, KernelReason.CROSS_SITE_REQUEST, message)


LOCAL_REPLIES = (
    LocalReply(
        "response.code_details == 'jwt_authn_access_denied{Jwt_is_missing}'",
        code_pb2.UNAUTHENTICATED,
        KernelReason.TOKEN_MISSING,
        "this call needs an access token",
    ),
    LocalReply(
        "response.code_details == 'jwt_authn_access_denied{Jwt_is_expired}'",
        code_pb2.UNAUTHENTICATED,
        KernelReason.TOKEN_EXPIRED,
        "the access token has expired: call Refresh, then try again",
    ),
    LocalReply(
        "response.code_details.startsWith('jwt_authn_access_denied')",
        code_pb2.UNAUTHENTICATED,
        KernelReason.TOKEN_INVALID,
        "the access token is not valid",
    ),
    _cross_site("csrf_origin_mismatch", "the Origin is neither this one nor one of CHATLY_EDGE_CORS_ORIGINS"),
    _cross_site(
        "rbac_access_denied_matched_policy[content_type]",
        "with cookies the Content-Type must be JSON or gRPC; other types need the header X-Requested-With",
    ),
    _cross_site("rbac_access_denied_matched_policy[no_origin]", "with cookies the call needs an Origin"),
    _cross_site("rbac_access_denied_matched_policy[other_site]", "the call was made by a page of another site"),
    # The route's rate limit, which counts per second or per minute, sets this header.
    _too_many("response.code == 429 && response.headers['retry-after'] == '60'", 60),
    _too_many("response.code == 429", 1),
    LocalReply(
        "response.code == 503",
        code_pb2.UNAVAILABLE,
        KernelReason.SERVICE_UNAVAILABLE,
        "this service is unavailable: try again",
    ),
    LocalReply(
        "response.code == 408",
        code_pb2.DEADLINE_EXCEEDED,
        KernelReason.DEADLINE_EXCEEDED,
        "the request was not complete in time",
    ),
    LocalReply(
        "response.code == 504", code_pb2.DEADLINE_EXCEEDED, KernelReason.DEADLINE_EXCEEDED, "the call took too long"
    ),
    LocalReply(
        # No route matches the request.
        "response.code == 404",
        code_pb2.UNIMPLEMENTED,
        KernelReason.NOT_OFFERED,
        "no such path or method: see /openapi.json",
    ),
    LocalReply(
        "response.code_details == 'path_normalization_failed'",
        code_pb2.INVALID_ARGUMENT,
        KernelReason.MALFORMED_REQUEST,
        "the path contains characters that are not allowed",
    ),
    LocalReply(
        "response.code == 400 || response.code == 413 || response.code == 415",
        code_pb2.INVALID_ARGUMENT,
        KernelReason.MALFORMED_REQUEST,
    ),
)
