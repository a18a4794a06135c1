"""The one sentence about a full disk, for whoever is refused, for the logs, and for the health checks."""

import errno

_FULL = {errno.ENOSPC, errno.EDQUOT}


def disk_is_full(what: str) -> str:
    """What to tell when `what` cannot be written."""
    return f"the disk is full, {what} cannot be written: free some space, and it goes on by itself"


def is_full(error: OSError) -> bool:
    return error.errno in _FULL


def refusal_of(error: OSError, what: str) -> str:
    """What to tell when the disk refuses to take, or to give, `what`."""
    return disk_is_full(what) if is_full(error) else f"the disk refuses: {error.strerror or error}"
