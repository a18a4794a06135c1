"""Errors and their reasons."""

from enum import auto

from kernel.errors import ChatlyError, Code, FieldViolation, KernelReason, Reason, invalid_field


class ExampleReason(Reason):
    TOO_LATE = auto()


def test_a_package_declares_reasons_of_its_own_which_are_named_as_they_are_sent() -> None:
    assert ExampleReason.TOO_LATE == "TOO_LATE"
    assert str(ChatlyError(Code.ABORTED, ExampleReason.TOO_LATE, "it is over")) == "TOO_LATE: it is over"


def test_an_invalid_field_is_named_in_text_and_violation() -> None:
    assert invalid_field("text", "at most 4,000 characters") == ChatlyError(
        Code.INVALID_ARGUMENT,
        KernelReason.INVALID_FIELD,
        "text: at most 4,000 characters",
        violations=(FieldViolation("text", "at most 4,000 characters"),),
    )
