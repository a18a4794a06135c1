"""Password rules, and where and how often bcrypt runs."""

import asyncio
import threading
from collections.abc import Iterator

import bcrypt
import pytest

from kernel.errors import ChatlyError, Code, KernelReason
from services.auth.errors import AuthReason
from services.auth.hashing import Client
from services.auth.passwords import Passwords, check_new_password
from tests.fakes import FakeClock

CLIENT = Client("192.0.2.1")


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords(cost=4, queue=4, threads=1, clock=FakeClock())
    yield made
    made.close()


def error_of(password: str) -> ChatlyError:
    with pytest.raises(ChatlyError) as caught:
        check_new_password(password, field="password")
    return caught.value


@pytest.mark.parametrize("password", ["123456-8", "p" * 64, "é" * 36, "пароль-12", "😀" * 18])
def test_passwords_that_bcrypt_accepts_are_allowed(password: str) -> None:
    check_new_password(password, field="password")


def test_more_than_72_bytes_are_rejected_and_never_truncated() -> None:
    error = error_of("é" * 37)

    assert (error.code, error.reason) == (Code.INVALID_ARGUMENT, AuthReason.PASSWORD_TOO_LONG)
    assert error.metadata == {"limit_bytes": "72", "actual_bytes": "74"}


def test_a_nul_character_is_rejected() -> None:
    error = error_of("1234567\0rest")

    assert error.reason == KernelReason.INVALID_FIELD
    assert error.violations[0].field == "password"


def test_a_letter_with_its_accents_counts_as_one_character() -> None:
    assert error_of("e\u0301" * 7).reason == KernelReason.INVALID_FIELD
    check_new_password("e\u0301" * 8, field="password")


@pytest.mark.parametrize("password", ["12345678", "password", "PassWord", " password ", "iloveyou1", "qwertyuiop"])
def test_common_passwords_are_rejected_in_any_case(password: str) -> None:
    error = error_of(password)

    assert error.reason == KernelReason.INVALID_FIELD
    assert error.violations[0].field == "password"
    assert "common" in error.message


@pytest.mark.parametrize("password", [" " * 8, "\u3000" * 8, "\u00a0 \t\n\u2003   "])
def test_passwords_of_spaces_are_rejected(password: str) -> None:
    assert "spaces" in error_of(password).message


async def test_only_the_password_itself_matches(passwords: Passwords) -> None:
    hashed = await passwords.hash("correct horse", client=CLIENT)

    assert await passwords.matches("correct horse", hashed, client=CLIENT)
    assert not await passwords.matches("correct horsf", hashed, client=CLIENT)
    assert not await passwords.matches("", hashed, client=CLIENT)


async def test_unicode_forms_of_one_password_match(passwords: Passwords) -> None:
    hashed = await passwords.hash("Zoe\u0301 und Jule\u0301", client=CLIENT)

    assert await passwords.matches("Zo\u00e9 und Jul\u00e9", hashed, client=CLIENT)


async def test_longer_passwords_with_the_same_first_72_bytes_do_not_match(passwords: Passwords) -> None:
    hashed = await passwords.hash("p" * 72, client=CLIENT)

    assert not await passwords.matches("p" * 73, hashed, client=CLIENT)
    assert not await passwords.matches("p" * 72 + "\0", hashed, client=CLIENT)


async def test_an_unknown_account_never_matches_and_still_runs_bcrypt(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs: list[bytes] = []
    check = bcrypt.checkpw

    def counted(password: bytes, hashed: bytes) -> bool:
        costs.append(hashed.split(b"$")[2])
        return check(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", counted)
    hashed = await passwords.hash("correct horse", client=CLIENT)

    assert not await passwords.matches("wrong", None, client=CLIENT)
    assert not await passwords.matches("p" * 1024, None, client=CLIENT)
    assert not await passwords.matches("p" * 1024, hashed, client=CLIENT)
    assert costs == [b"04", b"04", b"04"]


async def test_a_hash_of_another_cost_is_outdated(passwords: Passwords) -> None:
    assert passwords.is_outdated(bcrypt.hashpw(b"p", bcrypt.gensalt(5)))
    assert not passwords.is_outdated(await passwords.hash("correct horse", client=CLIENT))


async def test_calls_beyond_the_queue_are_rejected(passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    def slow(password: bytes, salt: bytes) -> bytes:
        release.wait(10)
        return b"hash"

    monkeypatch.setattr(bcrypt, "hashpw", slow)
    waiting = [asyncio.create_task(passwords.hash("correct horse", client=CLIENT)) for _ in range(5)]
    await asyncio.sleep(0)

    with pytest.raises(ChatlyError) as rejected:
        await passwords.hash("correct horse", client=CLIENT)
    release.set()
    await asyncio.gather(*waiting)

    assert (rejected.value.code, rejected.value.reason) == (Code.RESOURCE_EXHAUSTED, KernelReason.RATE_LIMITED)
    assert rejected.value.retry_after
    assert await passwords.hash("correct horse", client=CLIENT) == b"hash"


async def test_the_event_loop_runs_while_bcrypt_works(passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    loop_ran = threading.Event()

    def wait_for_the_loop(password: bytes, salt: bytes) -> bytes:
        return b"free" if loop_ran.wait(10) else b"stuck"

    monkeypatch.setattr(bcrypt, "hashpw", wait_for_the_loop)
    task = asyncio.create_task(passwords.hash("correct horse", client=CLIENT))
    await asyncio.sleep(0)
    loop_ran.set()

    assert await task == b"free"


async def test_registrations_do_not_keep_logins_waiting(passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = await passwords.hash("correct horse", client=CLIENT)
    release = threading.Event()

    def slow(password: bytes, salt: bytes) -> bytes:
        release.wait(10)
        return b"hash"

    monkeypatch.setattr(bcrypt, "hashpw", slow)
    registrations = [asyncio.create_task(passwords.hash_first("correct horse", client=CLIENT)) for _ in range(5)]
    await asyncio.sleep(0)

    assert await passwords.matches("correct horse", hashed, client=CLIENT)
    release.set()
    assert await asyncio.gather(*registrations) == [b"hash"] * 5
