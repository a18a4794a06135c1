"""Registration over gRPC."""

import asyncio

import grpc
import pytest
from chatly.auth.v1 import auth_service_pb2 as pb

from kernel.errors import KernelReason
from services.auth.errors import AuthReason
from tests.rpc.auth.harness import PASSWORD, AuthClient, error_of


async def test_a_new_account_can_log_in_with_any_case_of_the_address(auth: AuthClient) -> None:
    user_id = await auth.register("Alice", email="Alice@Example.org")

    login = await auth.auth.Login(pb.LoginRequest(email="aLICE@example.ORG", password=PASSWORD))

    assert (login.user_id, login.username) == (user_id, "Alice")


async def test_the_name_is_stored_as_entered(auth: AuthClient) -> None:
    response = await auth.auth.Register(
        pb.RegisterRequest(username="李小龙.Ω", email="lee@example.org", password=PASSWORD)
    )

    assert response.username == "李小龙.Ω"
    assert response.message


@pytest.mark.parametrize("same", ["email", "username"])
async def test_of_twenty_concurrent_registrations_in_different_case_one_wins(auth: AuthClient, same: str) -> None:
    def request(number: int) -> pb.RegisterRequest:
        shouted = "".join(c.upper() if number >> i & 1 else c for i, c in enumerate("alice"))
        if same == "email":
            return pb.RegisterRequest(username=f"u{number:02}", email=f"{shouted}@x.org", password=PASSWORD)
        return pb.RegisterRequest(username=shouted, email=f"u{number}@x.org", password=PASSWORD)

    outcomes = await asyncio.gather(
        *(auth.auth.Register(request(number)) for number in range(20)), return_exceptions=True
    )

    refused = [outcome for outcome in outcomes if isinstance(outcome, grpc.aio.AioRpcError)]
    assert len(refused) == 19
    assert {error.code() for error in refused} == {grpc.StatusCode.ALREADY_EXISTS}
    error = await error_of(auth.auth.Register(request(31)))
    assert error.reason == (AuthReason.EMAIL_TAKEN if same == "email" else AuthReason.USERNAME_TAKEN)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", "ab"),
        ("username", "a" * 33),
        ("username", "al ice"),
        ("username", "alice\u202e"),
        ("username", "alice\ufe0f"),
        ("username", "аdmin"),
        ("email", ""),
        ("email", "alice"),
        ("email", "a" * 250 + "@x.org"),
        ("password", "7 chars"),
        ("password", "p" * 65),
        ("password", "1234567\0"),
        ("password", "password"),
        ("password", " " * 8),
    ],
)
async def test_invalid_fields_are_rejected_by_name(auth: AuthClient, field: str, value: str) -> None:
    fields = {"username": "alice", "email": "alice@example.org", "password": PASSWORD, field: value}

    error = await error_of(auth.auth.Register(pb.RegisterRequest(**fields)))

    assert error.reason == KernelReason.INVALID_FIELD
    assert {violation.field for violation in error.violations} == {field}
    assert PASSWORD not in str(error)


async def test_a_password_of_more_than_72_bytes_is_rejected_with_the_limit(auth: AuthClient) -> None:
    request = pb.RegisterRequest(username="alice", email="alice@example.org", password="ё" * 40)

    error = await error_of(auth.auth.Register(request))

    assert error.reason == AuthReason.PASSWORD_TOO_LONG
    assert error.metadata == {"limit_bytes": "72", "actual_bytes": "80"}
