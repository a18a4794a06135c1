"""Tokens of browsers: httpOnly cookies, which scripts cannot read and other sites cannot send."""

from datetime import datetime, timedelta

from services.auth.model import Tokens

ACCESS_COOKIE = "chatly_access"
REFRESH_COOKIE = "chatly_refresh"

Metadata = tuple[tuple[str, str], ...]


def token_cookies(tokens: Tokens, *, now: datetime, secure: bool) -> Metadata:
    """Headers that set both cookies for as long as their tokens last. `secure`: the client spoke TLS."""
    return (
        _cookie(ACCESS_COOKIE, tokens.access, tokens.access_expires_at - now, secure=secure),
        _cookie(REFRESH_COOKIE, tokens.refresh, tokens.refresh_expires_at - now, secure=secure),
    )


def cleared_cookies(*, secure: bool) -> Metadata:
    """Headers that take both cookies away."""
    nothing = timedelta(0)
    return (
        _cookie(ACCESS_COOKIE, "", nothing, secure=secure),
        _cookie(REFRESH_COOKIE, "", nothing, secure=secure),
    )


def _cookie(name: str, value: str, life: timedelta, *, secure: bool) -> tuple[str, str]:
    # Tokens are made of letters, digits, `-`, `_` and `.` alone, so nothing needs quoting.
    text = f"{name}={value}; Path=/; Max-Age={int(life.total_seconds())}; HttpOnly; SameSite=Strict"
    return ("set-cookie", f"{text}; Secure" if secure else text)
