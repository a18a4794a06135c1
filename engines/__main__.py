"""`python -m engines up|down|status [engine ...]`."""

import argparse
import sys

from engines.fleet import ENGINES, EngineError, Fleet
from engines.settings import load


def main() -> int:
    parser = argparse.ArgumentParser(prog="engines", description="Kafka, Cassandra, Redis and S3 on 127.0.0.1.")
    parser.add_argument("verb", choices=("up", "down", "status"))
    parser.add_argument("engine", nargs="*", choices=[[], *ENGINES], help="all of them if none is named")
    arguments = parser.parse_args()
    chosen, fleet = arguments.engine or list(ENGINES), Fleet(load())
    try:
        if arguments.verb == "up":
            fleet.up(chosen)
        elif arguments.verb == "down":
            fleet.down(chosen)
    except EngineError as error:
        print(error, file=sys.stderr)
        return 1
    for engine in chosen:
        print(f"{engine:10} {','.join(fleet.addresses(engine)) or 'not running'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
