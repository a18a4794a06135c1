"""Errors of the presence service. The service has no reasons of its own."""

from kernel.errors import ChatlyError, KernelReason, invalid_field, unavailable


def expiry_not_in_future() -> ChatlyError:
    return invalid_field("status.expires_at", "must be in the future")


def status_contended() -> ChatlyError:
    """Return UNAVAILABLE. Every attempt to write a status has met a concurrent change."""
    return unavailable(KernelReason.STORE_UNAVAILABLE, "status: too many concurrent changes, please retry")
