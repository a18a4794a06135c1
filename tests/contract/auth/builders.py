"""Builders of accounts and sessions."""

from datetime import datetime
from itertools import count

from kernel.ids import SessionId, UserId
from services.auth.model import Account, Session
from tests.builders import NOON, an_id

_numbers = count(1)


def an_account(username: str = "", *, email: str = "") -> Account:
    name = username or f"user{next(_numbers)}"
    return Account(
        user_id=UserId(an_id()),
        username=name,
        email=email or f"{an_id()}@example.org",
        password_hash=b"$2b$04$hash",
        created_at=NOON,
        updated_at=NOON,
    )


def a_session(user_id: str = "", *, at: datetime = NOON) -> Session:
    return Session(
        session_id=SessionId(an_id()),
        user_id=UserId(user_id or an_id()),
        device_name="Firefox",
        address="192.0.2.7",
        created_at=at,
        last_used_at=at,
    )
