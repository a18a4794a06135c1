"""Free ports for servers of tests: outside the range for outgoing connections, and a separate range for each worker.

A port is returned again only after all others, so a test may take several before it listens on one.
"""

import os
import random
import socket
from collections.abc import Iterator
from itertools import cycle, islice

_FIRST = 20_000
_FOR_EACH = 3_000
_IN_PAIRS = 1_000
_WORKERS = 4

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
_ours = range(_FIRST + _worker * _FOR_EACH, _FIRST + (_worker + 1) * _FOR_EACH)
_pairs, _others = _ours[:_IN_PAIRS:2], _ours[_IN_PAIRS:]
_next_pairs = cycle(random.sample(_pairs, len(_pairs)))
_next_others = cycle(random.sample(_others, len(_others)))


def free_ports() -> Iterator[int]:
    """Return ports on which nothing listens."""
    return (port for port in islice(_next_others, len(_others)) if _is_free(port))


def free_pairs() -> Iterator[int]:
    """Return ports on which nothing listens, and whose next port is free too, for Kafka's controller."""
    return (port for port in islice(_next_pairs, len(_pairs)) if _is_free(port) and _is_free(port + 1))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
