"""What a process does with the memory that its start took."""

import ctypes
import gc
import sys


def settle() -> None:
    """Give back what only the start needed. Call it once, when the work begins: what is there then stays to the end."""
    gc.collect()
    # Not looked through again by any later collection.
    gc.freeze()
    if sys.platform == "linux":
        # glibc keeps freed memory between what is in use; other C libraries have no such function.
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
