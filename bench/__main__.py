"""`python -m bench [latency|fanout|idle|rest|tracing ...] [--rounds N]`: measures, prints a table, keeps results."""

import argparse
import asyncio
import json

from bench import fanout, idle, latency, load, report, rest, tracing

_ALL = {
    "latency": latency.measure,
    "fanout": fanout.measure,
    "idle": idle.measure,
    "rest": rest.measure,
    "tracing": tracing.measure,
}


async def _measure(names: list[str], rounds: int) -> list[report.Section]:
    sections = []
    for name in names:
        print(f"==> {name}", flush=True)
        sections.append(await _ALL[name](rounds))
        print(report.table(sections[-1:]), flush=True)
    return sections


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measures speed and memory, as ratios.")
    parser.add_argument("names", nargs="*", choices=[*_ALL, []], metavar="name", help=f"of {', '.join(_ALL)}; or all")
    parser.add_argument("--rounds", type=int, default=3, help="how often both sides are measured, in turns")
    asked = parser.parse_args()
    names = asked.names or list(_ALL)
    print(json.dumps(report.machine(), indent=1))
    load.build()
    sections = asyncio.run(_measure(names, asked.rounds))
    print(f"Raw results: {report.keep('-'.join(names), sections)}")


if __name__ == "__main__":
    main()
