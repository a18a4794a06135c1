"""Messages about a full disk."""

import errno

import pytest

from kernel.disk import disk_error_message


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_reported_with_what_to_do(code: int) -> None:
    assert disk_error_message(OSError(code, "no"), "a file") == (
        "the disk is full, a file cannot be written: free some space, then writing continues by itself"
    )


def test_any_other_disk_error_is_reported_with_the_text_of_the_system() -> None:
    assert (
        disk_error_message(OSError(errno.EIO, "Input/output error"), "a file")
        == "the disk reports an error: Input/output error"
    )
