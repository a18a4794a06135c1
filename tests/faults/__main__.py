"""`python -m tests.faults`: hurts a mesh, on three nodes of each cluster, while people talk; then it is judged."""

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path

from engines.node import EngineError
from tests.faults import programs
from tests.faults.run import MODES, judge, run
from tests.faults.world.network import enclose, enclosed

_HISTORY = programs.ROOT / ".cache" / "faults"


def main() -> int:
    """0: the promise was kept; 1: it was broken; 2: there was no run to judge."""
    parser = _parser()
    options = parser.parse_args()
    began = time.monotonic()

    def say(text: str) -> None:
        print(f"[{time.monotonic() - began:5.0f} s] {text}" if "\n" not in text else f"\n{text}", flush=True)

    if options.replay is not None:
        if not (options.replay / "stored.json").exists():
            parser.error(f"{options.replay} holds no run that came to its end")
        return 0 if judge(options.replay, say) else 1
    network = enclosed()
    if network is None:
        programs.build()
        enclose(sys.argv[1:])
        return 2
    mode = MODES[options.mode]
    if options.minutes:
        mode = replace(mode, seconds=options.minutes * 60)
    seed = options.seed if options.seed is not None else int(time.time())
    folder = _HISTORY / f"{time.strftime('%Y%m%d-%H%M%S')}-{seed}"
    say(f"seed {seed}, history in {folder}")
    try:
        return 0 if run(mode, seed, folder, network, say) else 1
    except (EngineError, RuntimeError, TimeoutError) as error:
        say(f"no run to judge: {error}")
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--mode", choices=sorted(MODES), default="short", help="short: minutes; long: an hour")
    parser.add_argument("--seed", type=int, help="of the schedule and of what people do; by the clock if none is given")
    parser.add_argument("--minutes", type=float, help="for how long faults begin")
    parser.add_argument("--replay", type=Path, metavar="DIR", help="only judge again what an earlier run left there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
