"""What a password may be, and where and how often bcrypt runs."""

import asyncio
import threading
from collections.abc import Iterator

import bcrypt
import pytest

from kernel.errors import ChatlyError, Code, KernelReason
from services.auth.errors import AuthReason
from services.auth.passwords import Passwords, check_new_password


@pytest.fixture
def passwords() -> Iterator[Passwords]:
    made = Passwords(cost=4, queue=4, threads=1)
    yield made
    made.close()


def complaint(password: str) -> ChatlyError:
    with pytest.raises(ChatlyError) as caught:
        check_new_password(password, field="password")
    return caught.value


@pytest.mark.parametrize("password", ["12345678", "p" * 64, "é" * 36, "пароль-12", "😀" * 18])
def test_what_fits_bcrypt_is_allowed(password: str) -> None:
    check_new_password(password, field="password")


def test_more_than_72_bytes_are_refused_and_never_cut() -> None:
    error = complaint("é" * 37)

    assert (error.code, error.reason) == (Code.INVALID_ARGUMENT, AuthReason.PASSWORD_TOO_LONG)
    assert error.metadata == {"limit_bytes": "72", "actual_bytes": "74"}


def test_a_nul_character_is_refused() -> None:
    error = complaint("1234567\0rest")

    assert error.reason == KernelReason.INVALID_FIELD
    assert error.violations[0].field == "password"


def test_eight_characters_are_counted_with_their_accents() -> None:
    assert complaint("e\u0301" * 7).reason == KernelReason.INVALID_FIELD
    check_new_password("e\u0301" * 8, field="password")


async def test_only_the_password_itself_matches(passwords: Passwords) -> None:
    hashed = await passwords.hash("correct horse")

    assert await passwords.matches("correct horse", hashed)
    assert not await passwords.matches("correct horsf", hashed)
    assert not await passwords.matches("", hashed)


async def test_one_password_typed_on_two_systems_is_the_same(passwords: Passwords) -> None:
    hashed = await passwords.hash("Zoe\u0301 und Jule\u0301")

    assert await passwords.matches("Zo\u00e9 und Jul\u00e9", hashed)


async def test_a_password_that_was_cut_would_match_so_longer_ones_never_do(passwords: Passwords) -> None:
    hashed = await passwords.hash("p" * 72)

    assert not await passwords.matches("p" * 73, hashed)
    assert not await passwords.matches("p" * 72 + "\0", hashed)


async def test_nobody_s_password_never_matches_and_runs_bcrypt_all_the_same(
    passwords: Passwords, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs: list[bytes] = []
    check = bcrypt.checkpw

    def counted(password: bytes, hashed: bytes) -> bool:
        costs.append(hashed.split(b"$")[2])
        return check(password, hashed)

    monkeypatch.setattr(bcrypt, "checkpw", counted)
    hashed = await passwords.hash("correct horse")

    assert not await passwords.matches("nobody", None)
    assert not await passwords.matches("p" * 1024, None)
    assert not await passwords.matches("p" * 1024, hashed)
    assert costs == [b"04", b"04", b"04"]


async def test_a_hash_of_another_cost_is_outdated(passwords: Passwords) -> None:
    assert passwords.is_outdated(bcrypt.hashpw(b"p", bcrypt.gensalt(5)))
    assert not passwords.is_outdated(await passwords.hash("correct horse"))


async def test_too_many_at_once_are_told_to_come_back(passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    going_on = threading.Event()

    def slow(password: bytes, salt: bytes) -> bytes:
        going_on.wait(10)
        return b"hash"

    monkeypatch.setattr(bcrypt, "hashpw", slow)
    waiting = [asyncio.create_task(passwords.hash("correct horse")) for _ in range(5)]
    await asyncio.sleep(0)

    with pytest.raises(ChatlyError) as refused:
        await passwords.hash("correct horse")
    going_on.set()
    await asyncio.gather(*waiting)

    assert (refused.value.code, refused.value.reason) == (Code.RESOURCE_EXHAUSTED, KernelReason.RATE_LIMITED)
    assert refused.value.retry_after
    assert await passwords.hash("correct horse") == b"hash"


async def test_the_event_loop_goes_on_while_bcrypt_works(passwords: Passwords, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Event()

    def answers_when_the_loop_has(password: bytes, salt: bytes) -> bytes:
        return b"free" if asked.wait(10) else b"stuck"

    monkeypatch.setattr(bcrypt, "hashpw", answers_when_the_loop_has)
    task = asyncio.create_task(passwords.hash("correct horse"))
    await asyncio.sleep(0)
    asked.set()

    assert await task == b"free"
