"""`python -m tests.drills [name ...]`: loses data of real engines under load, and restores it with the runbook."""

import argparse
import asyncio
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.drills.drills import DRILLS, run_drill
from tests.drills.table import Result, table

_KEPT = Path(__file__).parents[2] / ".cache" / "drills"


def main() -> int:
    """Return 0 if every drill kept every promise, else 1."""
    parser = _parser()
    options = parser.parse_args()
    if unknown := set(options.names) - set(DRILLS):
        parser.error(f"no drill is called {', '.join(sorted(unknown))}")
    # Engines and services end with this program.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {text}", flush=True)

    results = []
    for name in options.names or DRILLS:
        say(f"==> {name}: {DRILLS[name].__doc__}")
        folder = _KEPT / f"{time.strftime('%Y%m%d-%H%M%S')}-{name}"
        folder.mkdir(parents=True)
        results.append(_run(name, folder, say))
        if results[-1].kept:
            shutil.rmtree(folder)
        else:
            say(f"data and logs stay in {folder}")
    print(f"\n{table(results)}\n", flush=True)
    return 0 if all(result.kept for result in results) else 1


def _run(name: str, folder: Path, say: Callable[[str], None]) -> Result:
    """Return the result of a drill, with the failure that ended it early, if one did."""
    result = Result(drill=name)
    try:
        asyncio.run(run_drill(result, folder, say))
    except (Exception, pytest.fail.Exception, BaseExceptionGroup) as failure:  # noqa: BLE001 - the other drills run all the same
        traceback.print_exc()
        result.broken.append(f"ended early: {_first(failure)}")
    return result


def _first(failure: BaseException) -> BaseException:
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return failure


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.drills", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(DRILLS)}; all if none is named")
    return parser


if __name__ == "__main__":
    sys.exit(main())
