"""`python -m bench [section ...] [--rounds N] [--quick]`: measures, prints, stores and draws."""

import argparse
import asyncio
import json
import subprocess
import sys
import traceback
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from math import inf
from time import monotonic

from bench import backlog, fanout, growth, idle, page, pairs, persist, report, rest, services, tracing, two_nodes, web
from bench.scale import QUICK, Scale
from bench.sides.side import ROOT
from bench.sides.stage import Stage
from bench.site.draw import draw

Measure = Callable[[Stage, Scale], Awaitable[report.Section]]
_SECTIONS: Mapping[str, Measure] = {
    "saturated": pairs.saturated,
    "rate200": pairs.at_200,
    "rate500": pairs.at_500,
    "fanout": fanout.measure,
    "two_nodes": two_nodes.measure,
    "persist": persist.measure,
    "page": page.measure,
    "backlog": backlog.measure,
    "idle": idle.measure,
    "growth_users": growth.users,
    "growth_nodes": growth.nodes,
    "rest": rest.measure,
    "services": services.measure,
    "tracing": tracing.measure,
    "web": web.measure,
}
_QUICK = ("saturated", "rate200", "fanout")


async def _measure(names: Sequence[str], scale: Scale, sides: Collection[str]) -> int:
    """Return the number of failed sections. A failure does not stop the other sections."""
    failed = 0
    async with Stage(sides) as stage:
        for name in names:
            print(f"==> {name}", flush=True)
            try:
                section = await _SECTIONS[name](stage, scale)
            except Exception:  # noqa: BLE001 - whatever it is, it is said, and counts
                traceback.print_exc()
                failed += 1
                continue
            print(report.table(section), flush=True)
            print(f"Raw results: {report.keep(name, section, scale)}", flush=True)
    print(f"Page: {draw(report.RESULTS)}")
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures speed and memory, as ratios.")
    parser.add_argument("names", nargs="*", choices=[*_SECTIONS, []], metavar="section", help=", ".join(_SECTIONS))
    parser.add_argument("--rounds", type=int, default=3, help="how often all sides are measured")
    parser.add_argument("--seconds", type=float, default=8, help="how long each is measured")
    parser.add_argument("--minutes", type=float, default=inf, help="start no measurement after this time")
    parser.add_argument("--side", action="append", default=[], help="measure only this side; may be repeated")
    parser.add_argument("--quick", action="store_true", help="one short round of fewer sides, as a check")
    options = parser.parse_args()
    names = options.names or (_QUICK if options.quick else list(_SECTIONS))
    print(json.dumps(report.machine(), indent=1))
    subprocess.run([ROOT / "bench" / "build.sh"], check=True)  # noqa: S603 - our own script
    scale = QUICK if options.quick else Scale(rounds=options.rounds, seconds=options.seconds)
    scale = replace(scale, until=monotonic() + 60 * options.minutes)
    return 1 if asyncio.run(_measure(names, scale, options.side)) else 0


if __name__ == "__main__":
    sys.exit(main())
