"""Conversions between protobuf and model for auth's RPCs, and between tokens and cookies for browsers."""

from datetime import datetime, timedelta

from chatly.auth.v1 import auth_service_pb2 as auth_pb
from chatly.auth.v1 import user_service_pb2 as users_pb

from kernel.errors import invalid_field
from kernel.grpc.context import ACCESS_COOKIE, Request, cookie_name
from kernel.grpc.time import timestamp
from kernel.ids import SessionId
from services.auth.model import Account, Device, ProfileChange, Session, Tokens

REFRESH_COOKIE = "chatly_refresh"
_PROFILE_FIELDS = ("username", "bio", "avatar_media_id")
_MAX_DEVICE_NAME = 100

Metadata = tuple[tuple[str, str], ...]


def user_pb(account: Account) -> users_pb.User:
    """Return a user's profile without the e-mail address."""
    if account.deleted_at is not None:
        return users_pb.User(user_id=account.user_id, deleted=True)
    avatar = account.avatar_media_id
    return users_pb.User(
        user_id=account.user_id,
        username=account.username,
        bio=account.bio,
        avatar_media_id=avatar,
        avatar_url=f"/api/uploads/{avatar}" if avatar else "",
        created_at=timestamp(account.created_at),
        updated_at=timestamp(account.updated_at),
    )


def own_user_pb(account: Account) -> users_pb.User:
    """Return a user's profile with the e-mail address, which only its owner may see."""
    user = user_pb(account)
    user.email = account.email
    return user


def profile_change(request: users_pb.UpdateMeRequest) -> ProfileChange:
    """Return the changes to the fields in the mask. Without a mask, each field that is not empty is a change."""
    paths = list(request.update_mask.paths)
    for path in paths:
        if path not in _PROFILE_FIELDS:
            raise invalid_field("update_mask", f"{path!r} is not one of {', '.join(_PROFILE_FIELDS)}")
    named = paths or [name for name in _PROFILE_FIELDS if getattr(request, name)]
    if "username" in named and not request.username:
        raise invalid_field("username", "must not be empty")
    avatar = request.avatar_media_id.lower()
    return ProfileChange(
        username=request.username if "username" in named else None,
        bio=request.bio if "bio" in named else None,
        avatar_media_id=avatar if "avatar_media_id" in named else None,
    )


def device(request: auth_pb.LoginRequest, call: Request) -> Device:
    """Return the device that logs in. Its name comes from the request or else from the user agent, and is truncated."""
    name = request.device_name or call.user_agent
    return Device(name=name[:_MAX_DEVICE_NAME], address=call.peer_address)


def session_pb(session: Session, *, current: SessionId) -> auth_pb.Session:
    return auth_pb.Session(
        session_id=session.session_id,
        device_name=session.device_name,
        ip_address=session.address,
        created_at=timestamp(session.created_at),
        last_used_at=timestamp(session.last_used_at),
        current=session.session_id == current,
    )


def login_pb(tokens: Tokens, *, in_cookies: bool) -> auth_pb.LoginResponse:
    """Return the login response. Its tokens are empty if cookies carry them."""
    return auth_pb.LoginResponse(
        token="" if in_cookies else tokens.access,
        refresh_token="" if in_cookies else tokens.refresh,
        user_id=tokens.account.user_id,
        username=tokens.account.username,
        session_id=tokens.session_id,
        expires_at=timestamp(tokens.access_expires_at),
        refresh_expires_at=timestamp(tokens.refresh_expires_at),
    )


def refresh_pb(tokens: Tokens, *, in_cookies: bool) -> auth_pb.RefreshResponse:
    """Return the refresh response. Its tokens are empty if cookies carry them."""
    return auth_pb.RefreshResponse(
        token="" if in_cookies else tokens.access,
        refresh_token="" if in_cookies else tokens.refresh,
        user_id=tokens.account.user_id,
        username=tokens.account.username,
        session_id=tokens.session_id,
        expires_at=timestamp(tokens.access_expires_at),
        refresh_expires_at=timestamp(tokens.refresh_expires_at),
    )


def token_cookies(tokens: Tokens, *, now: datetime, secure: bool) -> Metadata:
    """Return headers that set both cookies for the lifetime of their tokens. `secure`: whether the client used TLS."""
    return (
        _cookie(ACCESS_COOKIE, tokens.access, tokens.access_expires_at - now, secure=secure),
        _cookie(REFRESH_COOKIE, tokens.refresh, tokens.refresh_expires_at - now, secure=secure),
    )


def cleared_cookies(*, secure: bool) -> Metadata:
    """Return headers that delete both cookies."""
    nothing = timedelta(0)
    return (
        _cookie(ACCESS_COOKIE, "", nothing, secure=secure),
        _cookie(REFRESH_COOKIE, "", nothing, secure=secure),
    )


def _cookie(name: str, value: str, life: timedelta, *, secure: bool) -> tuple[str, str]:
    # Tokens contain only letters, digits, `-`, `_` and `.`, so nothing needs quoting.
    pair = f"{cookie_name(name, secure=secure)}={value}"
    text = f"{pair}; Path=/; Max-Age={int(life.total_seconds())}; HttpOnly; SameSite=Strict"
    return ("set-cookie", f"{text}; Secure" if secure else text)
