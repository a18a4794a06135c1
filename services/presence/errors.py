"""Errors of the presence service. It has no reasons of its own."""

from kernel.errors import ChatlyError, KernelReason, invalid_field, unavailable


def expiry_not_in_future() -> ChatlyError:
    return invalid_field("status.expires_at", "must be in the future")


def status_contended() -> ChatlyError:
    """Return UNAVAILABLE: concurrent changes of one status have made too many attempts fail."""
    return unavailable(KernelReason.STORE_UNAVAILABLE, "status: too many concurrent changes, please retry")
