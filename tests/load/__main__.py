"""`python -m tests.load [name ...] [--small]`: puts load on a mesh, and reports whether its promises held."""

import argparse
import asyncio
import sys
import time
import traceback
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bench.sides.engines import Engines, real_engines
from tests.load.catalogue import SCENARIOS
from tests.load.context import CannotRunError, Context
from tests.load.report import aborted, keep, table

_KEPT = Path(__file__).parents[2] / ".cache" / "load"


def main() -> int:
    """Return 0 if every promise was kept, 1 if one was broken, 2 if a scenario could not run."""
    parser = _parser()
    options = parser.parse_args()
    if unknown := set(options.names) - set(SCENARIOS):
        parser.error(f"no scenario is called {', '.join(sorted(unknown))}")
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {text}", flush=True)

    with ExitStack() as stack:

        @cache
        def running() -> Engines:
            say("starting real engines")
            return stack.enter_context(real_engines())

        def engines() -> Mapping[str, str]:
            return running().chatly()

        worst = 0
        for name in options.names or SCENARIOS:
            with TemporaryDirectory(prefix="chatly-load-") as folder:
                context = Context(folder=Path(folder), small=options.small, say=say, engines=engines)
                worst = max(worst, _run(name, context))
    return worst


def _run(name: str, context: Context) -> int:
    context.say(f"==> {name}{' (small)' if context.small else ''}")
    try:
        report = asyncio.run(SCENARIOS[name](context))
    except CannotRunError as error:
        context.say(f"{name} cannot run here: {error}")
        return 2
    except (pytest.fail.Exception, BaseExceptionGroup) as failure:
        report = aborted(failure)
    except Exception:  # noqa: BLE001 - whatever it is, it is said, and the others run all the same
        traceback.print_exc()
        return 2
    path = keep(_KEPT, name, report, small=context.small)
    print(f"\n{table(name, report)}\n{path}\n", flush=True)
    return 1 if report.complaints else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=f"of {', '.join(SCENARIOS)}; all if none is named")
    parser.add_argument("--small", action="store_true", help="as in the tests; the figures mean little")
    return parser


if __name__ == "__main__":
    sys.exit(main())
