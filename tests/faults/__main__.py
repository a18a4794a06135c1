"""`python -m tests.faults`: injects faults into a mesh with clusters of three nodes while clients chat, then checks
every promise.
"""

import argparse
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from engines.node import EngineError
from tests.faults import programs
from tests.faults.checker.timeline import Action
from tests.faults.deployment.network import enclose, enclosed
from tests.faults.run import MODES, check_run, run
from tests.faults.schedule import only_schedule

_KINDS = ",".join(action.name.lower().replace("_", "-") for action in Action if action is not Action.NOTHING)
_HISTORY = programs.ROOT / ".cache" / "faults"


def main() -> int:
    """Return 0 if the promise was kept, 1 if it was broken, 2 if the run could not be completed."""
    parser = _parser()
    options = parser.parse_args()
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {text}" if "\n" not in text else f"\n{text}", flush=True)

    if options.replay is not None:
        if not (options.replay / "stored.json").exists():
            parser.error(f"{options.replay} holds no run that came to its end")
        return 0 if check_run(options.replay, say) else 1
    network = enclosed()
    if network is None:
        programs.build()
        enclose(sys.argv[1:])
        return 2
    mode = MODES[options.mode]
    if options.minutes:
        mode = replace(mode, seconds=options.minutes * 60)
    if options.only:
        actions = [Action[name.strip().upper().replace("-", "_")] for name in options.only.split(",")]
        mode = replace(mode, schedule=partial(only_schedule, actions=actions), faults=options.faults or len(actions))
    elif options.faults:
        mode = replace(mode, faults=options.faults)
    seed = options.seed if options.seed is not None else int(time.time())
    folder = _HISTORY / f"{time.strftime('%Y%m%d-%H%M%S')}-{seed}"
    say(f"seed {seed}, history in {folder}")
    try:
        return 0 if run(mode, seed, folder, network, say) else 1
    except (EngineError, RuntimeError, TimeoutError) as error:
        say(f"the run could not be completed: {error}")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--mode", choices=sorted(MODES), default="short", help="short: minutes; long: an hour")
    parser.add_argument("--seed", type=int, help="of the schedule and of the clients; taken from the clock by default")
    parser.add_argument("--minutes", type=float, help="minutes in which faults begin")
    parser.add_argument("--only", metavar="KINDS", help=f"only these kinds of faults, of {_KINDS}")
    parser.add_argument("--faults", type=int, help="the number of faults")
    parser.add_argument("--replay", type=Path, metavar="DIR", help="check an earlier run again from its folder")
    return parser


if __name__ == "__main__":
    sys.exit(main())
