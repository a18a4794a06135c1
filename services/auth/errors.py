"""Errors of the auth service."""

from enum import auto

from kernel.errors import ChatlyError, Code, KernelReason, Reason, unauthenticated


class AuthReason(Reason):
    """Reasons of the auth service. `chatly.error.v1.ErrorReason` explains each."""

    PASSWORD_TOO_LONG = auto()
    WRONG_CREDENTIALS = auto()
    REFRESH_TOKEN_REUSED = auto()
    USER_NOT_FOUND = auto()
    SESSION_NOT_FOUND = auto()
    EMAIL_TAKEN = auto()
    USERNAME_TAKEN = auto()
    NOT_WITH_ONESELF = auto()
    MEDIA_FORBIDDEN = auto()


def email_taken() -> ChatlyError:
    return ChatlyError(Code.ALREADY_EXISTS, AuthReason.EMAIL_TAKEN, "another account has this e-mail address")


def username_taken() -> ChatlyError:
    return ChatlyError(Code.ALREADY_EXISTS, AuthReason.USERNAME_TAKEN, "another account has this username")


def user_not_found() -> ChatlyError:
    return ChatlyError(Code.NOT_FOUND, AuthReason.USER_NOT_FOUND, "user not found")


def session_ended() -> ChatlyError:
    return unauthenticated(KernelReason.SESSION_ENDED, "this session has ended; log in again")


def wrong_credentials() -> ChatlyError:
    """Return the same UNAUTHENTICATED error for an unknown e-mail address and for a wrong password."""
    return unauthenticated(AuthReason.WRONG_CREDENTIALS, "unknown e-mail address or wrong password")


def refresh_token_invalid() -> ChatlyError:
    return unauthenticated(KernelReason.TOKEN_INVALID, "not a valid refresh token")


def rate_limited(message: str, *, retry_after: float) -> ChatlyError:
    """Return RESOURCE_EXHAUSTED `RATE_LIMITED`. `retry_after`: seconds until the caller may retry."""
    return ChatlyError(Code.RESOURCE_EXHAUSTED, KernelReason.RATE_LIMITED, message, retry_after=retry_after)
