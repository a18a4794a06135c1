"""The reasons of the kernel and those of the protos are the same."""

from chatly.error.v1.error_reason_pb2 import ErrorReason

from kernel.errors import ChatlyError, Code, FieldViolation, Reason, invalid_field


def test_every_reason_is_explained_in_the_protos_and_the_other_way_round() -> None:
    published = {name.removeprefix("ERROR_REASON_") for name in ErrorReason.keys()} - {"UNSPECIFIED"}  # noqa: SIM118 - an enum wrapper, no dict

    assert {reason.value for reason in Reason} == published


def test_an_invalid_field_is_named_in_text_and_violation() -> None:
    assert invalid_field("text", "at most 4,000 characters") == ChatlyError(
        Code.INVALID_ARGUMENT,
        Reason.INVALID_FIELD,
        "text: at most 4,000 characters",
        violations=(FieldViolation("text", "at most 4,000 characters"),),
    )
