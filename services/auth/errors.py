"""Reasons of the auth service."""

from enum import auto

from kernel.errors import Reason


class AuthReason(Reason):
    """Reasons of the auth service; the protos explain each: chatly.error.v1.ErrorReason."""

    PASSWORD_TOO_LONG = auto()
    WRONG_CREDENTIALS = auto()
    REFRESH_TOKEN_REUSED = auto()
    USER_NOT_FOUND = auto()
    SESSION_NOT_FOUND = auto()
    EMAIL_TAKEN = auto()
    USERNAME_TAKEN = auto()
    NOT_WITH_ONESELF = auto()
    MEDIA_FORBIDDEN = auto()
