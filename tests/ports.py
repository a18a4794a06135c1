"""Ports for servers of tests: below those that the system lends to outgoing connections, other ones for each worker."""

import os

_FIRST = 20_000
_FOR_EACH = 3_000
_WORKERS = 4

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
PORTS = range(_FIRST + _worker * _FOR_EACH, _FIRST + (_worker + 1) * _FOR_EACH)
